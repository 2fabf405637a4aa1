/** Stopping: what is in flight is finished, what is idle is closed, and what does not end is cut off. */
import t from 'tap';
import type { SharedCache } from '../../shards/index.js';
import { LocalCache } from '../../src/store/local.js';
import type { ReadResult, TieredCache } from '../../src/store/tiered.js';
import type { ProcessState } from '../../src/telemetry/process-state.js';
import { deferred, serve, until } from './server-under-test.js';

t.test('a request in flight is answered, idle connections end', async (t) => {
  const gate = deferred<ReadResult>();
  let asked = false;
  class Held extends LocalCache {
    override get(): Promise<ReadResult> {
      asked = true;
      return gate.promise;
    }
  }
  const cache = (map: SharedCache, state: ProcessState): TieredCache => new Held(map, state);
  const { connect, stop, port, state } = await serve(t, { cache });
  const unused = await connect();
  const idle = await connect();
  await idle.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  await idle.answer();
  const busy = await connect();
  await busy.send('GET /get/k HTTP/1.1\r\nHost: h\r\n\r\n');
  await until(() => asked);

  const stopped = stop(10_000);
  t.equal(await idle.end(), '');
  t.equal(await unused.end(), '');
  await t.rejects(connect(), { code: 'ECONNREFUSED' }, `port ${port} is closed`);

  gate.resolve({ value: Buffer.from('late'), source: 'hit' });
  const answer = await busy.answer();
  t.equal(answer.text, 'late');
  t.equal(answer.headers.connection, 'close');
  t.equal(await busy.end(), '');
  await stopped;
  t.equal(state.row(0).openConnections, 0);
});

t.test('what does not end in time is cut off', async (t) => {
  const { connect, stop, state } = await serve(t);
  const slow = await connect();
  await slow.send('POST /store/k HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf');
  await until(() => state.row(0).requests === 1);
  const began = performance.now();
  await stop(50);
  t.ok(performance.now() - began < 5_000);
  await slow.end().catch(() => undefined);
  await until(() => state.row(0).openConnections === 0);
});
