/** Load by autocannon: what it asks for, and what it counts. */
import { type Test, test } from 'tap';
import { autocannonLoop } from '../../../src/bench/load/autocannon.js';
import { type AutocannonOrder, failuresOf } from '../../../src/bench/load/orders.js';
import { freePort } from '../../../src/bench/load/server.js';
import { serverOf } from '../http-server.js';

/** A server that keeps what it is asked for. */
async function recordingServer(t: Test, statusOf: (asked: number) => number) {
  const asked: string[] = [];
  const port = await serverOf(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked.push(`${request.method} ${request.url} ${body}`);
    response.writeHead(statusOf(asked.length), { 'Content-Length': 0 }).end();
  });
  return { port, asked };
}

function orderOf(port: number, more: Partial<AutocannonOrder> = {}): AutocannonOrder {
  const workload = { dialect: 'hotshard', keys: 10, seed: 1, reads: 0.8, exponent: 0 } as const;
  return { kind: 'autocannon', port, connections: 4, seconds: 0.2, workload, ...more };
}

test('it asks for what the other loads ask for', async (t) => {
  const { port, asked } = await recordingServer(t, () => 200);
  const { requests, statuses, seconds, cpu } = await autocannonLoop(orderOf(port));
  t.ok(requests > 0 && requests <= asked.length);
  t.strictSame(statuses, { 200: requests });
  t.ok(seconds >= 0.19 && cpu > 0);
  const form = /^(?:GET \/get\/key:\d |POST \/store\/key:\d [0-9a-f]{32})$/;
  t.strictSame(
    asked.filter((one) => !form.test(one)),
    [],
  );
});

test('long values are sent whole', async (t) => {
  const { port, asked } = await recordingServer(t, () => 200);
  const order = orderOf(port);
  await autocannonLoop({ ...order, workload: { ...order.workload, reads: 0, valueSize: 5_000 } });
  t.ok(asked.length > 0 && asked.every((one) => /^POST \S+ [0-9a-f]{5000}$/.test(one)));
});

test('answers other than 200 are failures', async (t) => {
  const { port } = await recordingServer(t, (asked) => (asked === 1 ? 503 : 200));
  const counts = await autocannonLoop(orderOf(port));
  t.equal(counts.statuses[503], 1);
  t.equal(failuresOf(counts), 1);
});

test('a server that is not there is not stormed until the time is over', async (t) => {
  const counts = await autocannonLoop(orderOf(await freePort(), { seconds: 1_000 }));
  t.ok(counts.statuses[0] > 0);
  t.equal(failuresOf(counts), counts.requests);
});
