/** Orders that ask for every key: which keys these are, and when it is over. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'tap';
import { LoadClient } from '../../../src/bench/load/client.js';
import { eachKey } from '../../../src/bench/load/requests.js';

test('each order has keys of its own', (t) => {
  const next = eachKey({ dialect: 'lookup', first: 7, keys: 3, seed: 1 }, 'read');
  const asked = [next(), next(), next()].map((request) => /key=(key:\d+)/.exec(request?.text ?? '')?.[1]);
  t.strictSame(asked.sort(), ['key:7', 'key:8', 'key:9']);
  t.equal(next(), undefined);
  t.end();
});

test('a round ends in time with keys left', async (t) => {
  const server = createServer((_, response) => response.end('value')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const load = await LoadClient.start();
  t.teardown(async () => {
    await load.stop();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const keys = 300_000;
  let opened = 0;
  const { requests, statuses } = await load.run(
    {
      ...{ kind: 'each', operation: 'read', port, connections: 2, seconds: 0.05 },
      workload: { dialect: 'lookup', keys, seed: 1 },
    },
    () => opened++,
  );
  t.equal(opened, 1, 'told once that connections are open');
  t.ok(requests > 0 && requests < keys, `${requests} requests`);
  t.strictSame(statuses, { 200: requests });
});
