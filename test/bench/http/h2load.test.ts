/** h2load as a load: what it prints and writes, and what it asks for. */
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Test, test } from 'tap';
import { answersIn, h2load, parseFailures } from '../../../src/bench/http/h2load.js';
import { missingProgram } from '../../../src/bench/installed.js';

const WORDS = (failed: string) => `starting benchmark...
finished in 308.01ms, 2983.33 req/s, 99.53KB/s
requests: 898 total, 903 started, 898 done, 895 succeeded, ${failed}
status codes: 895 2xx, 0 3xx, 0 4xx, 0 5xx
`;

async function* lines(...log: string[]) {
  yield* log;
}

test('requests without an answer are told by what it prints', (t) => {
  t.equal(
    parseFailures(WORDS('3 failed, 0 errored, 0 timeout')),
    0,
    'those were answered, by another status',
  );
  t.equal(parseFailures(WORDS('5 failed, 3 errored, 2 timeout')), 5);
  const message = 'h2load did not say what it measured: unknown URI';
  t.throws(() => parseFailures('unknown URI\n'), { message });
  t.end();
});

test('answers are told by the lines it writes', async (t) => {
  const log = ['1000000\t200\t100', '1000300\t200\t300', '1000050\t404\t2000', '1000060\t-1\t9000'];
  t.match(await answersIn(lines(...log), 2), {
    seconds: 0.00205,
    requests: 5,
    statuses: { 200: 2, 404: 1, 0: 2 },
    latency: { p50: 300, mean: 800 },
  });
  t.match(await answersIn(lines(), 0), { requests: 0, statuses: {} });
});

interface Asked {
  port: number;
  keys: Set<string>;
  requests: number;
  sessions: number;
  /** Most that one session had under way. */
  streams: number;
  wrong: string[];
}

/** A server of HTTP/2 that answers 200, or 500 to what was not to be asked for. */
async function asked(t: Test, expected: RegExp): Promise<Asked> {
  const seen: Asked = { port: 0, keys: new Set(), requests: 0, sessions: 0, streams: 0, wrong: [] };
  const server = createServer();
  server.on('session', (session) => {
    seen.sessions++;
    let streams = 0;
    session.on('error', () => {});
    session.on('stream', async (stream, headers) => {
      seen.streams = Math.max(seen.streams, ++streams);
      stream.on('close', () => streams--);
      stream.on('error', () => {});
      const line = `${headers[':method']} ${headers[':path']} ${await text(stream).catch(() => 'broken off')}`;
      const key = expected.exec(line)?.[1];
      if (key === undefined) seen.wrong.push(line);
      else seen.keys.add(key);
      seen.requests++;
      if (!stream.destroyed)
        stream.respond({ ':status': key === undefined ? 500 : 200 }, { endStream: true });
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => server.close());
  seen.port = (server.address() as AddressInfo).port;
  return seen;
}

const WORKLOAD = { dialect: 'hotshard', keys: 10, valueSize: 40, seed: 1, exponent: 0 } as const;

test('it asks for every key, reads or writes', { skip: missingProgram('h2load') ?? false }, async (t) => {
  for (const [reads, streams, expected] of [
    [1, 4, /^GET \/get\/(key:\d) $/],
    [0, 1, /^POST \/store\/(key:\d) [0-9a-f]{40}$/],
  ] as const) {
    const server = await asked(t, expected);
    const workload = { ...WORKLOAD, reads };
    const order = { kind: 'mix', port: server.port, connections: 2, seconds: 0.1, workload } as const;
    const { requests, seconds, statuses, latency } = await h2load(streams).run(order);
    t.strictSame(server.wrong, []);
    t.equal(server.keys.size, 10);
    t.ok(server.sessions >= 2 && server.sessions % 2 === 0, `${server.sessions} connections`);
    t.equal(server.streams, streams);
    t.ok(requests > 0 && requests <= server.requests && seconds > 0);
    t.equal(statuses[200], requests);
    t.ok(latency.p50 > 0 && latency.p50 <= latency.p99 && latency.p99 <= latency.max);
  }
  const mixed = { ...WORKLOAD, reads: 0.8 };
  await t.rejects(
    h2load(1).run({ kind: 'mix', port: 1, connections: 1, seconds: 0.1, workload: mixed }),
    { message: 'h2load either reads or writes' },
    'it can do no mix',
  );
});
