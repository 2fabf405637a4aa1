/** Hot keys: nothing is sampled unless somebody asks, and who asks is told what all workers together are accessed for. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { SharedCache } from '../../shards/index.js';
import { randomNumbers, zipfRanks } from '../../src/bench/zipf.js';
import { LocalCache } from '../../src/store/local.js';
import { HotKeys, type HotKeysReport } from '../../src/telemetry/hot-keys.js';
import { KeySampler, keySampler, MEAN_GAP } from '../../src/telemetry/key-sampler.js';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { serve } from '../server/server-under-test.js';
import { startHotshard } from '../store/fixtures/hotshard.js';

/** What stands for so many workers, in this thread. */
function crew(t: Test, workers: number): { readonly hotKeys: HotKeys; readonly sampler: KeySampler }[] {
  const runId = randomUUID();
  return Array.from({ length: workers }, (_, worker) => {
    const sampler = new KeySampler();
    const hotKeys = new HotKeys({ runId, worker, workers, sampler });
    t.teardown(() => hotKeys.stop());
    return { hotKeys, sampler };
  });
}

t.test('the true top five of a Zipf load over two workers, with what was counted', async (t) => {
  const [one, other] = crew(t, 2);
  if (one === undefined || other === undefined) throw new Error('no crew');
  const report = one.hotKeys.report(5);
  while (!other.sampler.isOn) await new Promise((resolve) => setImmediate(resolve));
  const random = randomNumbers(1);
  const nextRank = zipfRanks(10_000, 1, random);
  const accesses = 2_000_000;
  const truth = new Map<string, number>();
  for (let i = 0; i < accesses; i++) {
    const key = `key:${nextRank()}`;
    truth.set(key, (truth.get(key) ?? 0) + 1);
    (random() < 0.7 ? one : other).sampler.note(key);
  }
  const { hot, hotSampling } = await report;
  t.strictSame(
    hot.map(({ key }) => key),
    ['key:0', 'key:1', 'key:2', 'key:3', 'key:4'],
  );
  for (const { key, share, count, error } of hot) {
    const expected = truth.get(key) ?? 0;
    // Six standard deviations of the sampling.
    const spread = 6 * Math.sqrt(expected * MEAN_GAP);
    t.ok(count > expected - spread && count - error < expected + spread, `${key}: ${count} of ${expected}`);
    t.ok(Math.abs(share - count / accesses) < 0.01);
  }
  t.equal(hotSampling.workers, 2);
  t.equal(hotSampling.gap, MEAN_GAP);
  t.ok(Math.abs(hotSampling.samples * MEAN_GAP - accesses) < accesses / 20);
  t.ok(hotSampling.seconds >= 0.99);
});

t.test('a worker that does not answer is left out', async (t) => {
  const [one] = crew(t, 1);
  const gone = new HotKeys({ runId: randomUUID(), worker: 0, workers: 2, sampler: new KeySampler() });
  t.teardown(() => gone.stop());
  const reports = await Promise.all([one?.hotKeys.report(5), gone.report(5)]);
  for (const report of reports) t.match(report, { hot: [], hotSampling: { workers: 1, samples: 0 } });
});

t.test('nothing is noted while nobody has asked, and after it has been stopped', async (t) => {
  const state = ProcessState.create(1);
  state.markLoaded();
  const cache = new LocalCache(SharedCache.create({ maxMemory: 1024 * 1024 }), state);
  const noted: string[] = [];
  const { note, noteRange } = keySampler;
  keySampler.note = (key) => void noted.push(String(key));
  keySampler.noteRange = (bytes, start, end) =>
    void noted.push(Buffer.from(bytes).toString('utf8', start, end));
  t.teardown(() => Object.assign(keySampler, { note, noteRange }));
  const key = Buffer.from('<key>');
  const target = Buffer.alloc(10);
  const access = async (): Promise<void> => {
    await cache.set('set', key);
    await cache.get('get');
    cache.writeFrom(key, 1, 4, key, 0, 5);
    cache.readInto(key, 1, 4, target, 0);
    // Has to be read again with more room: one access.
    cache.readInto(key, 1, 4, target, 8);
    await cache.expire('expire', 1000);
    await cache.delete('delete');
  };
  await access();
  t.strictSame(noted, []);
  keySampler.start();
  await access();
  t.strictSame(noted, ['set', 'get', 'key', 'key', 'expire', 'delete']);
  keySampler.stop();
  await access();
  t.equal(noted.length, 6);
});

t.test('what is not asked for rightly is refused', async (t) => {
  const server = await serve(t);
  for (const hot of ['0', '1001', '-1', '1.5', 'x', '1&hot=2']) {
    const { status, text } = await server.ask('GET', `/stats?hot=${hot}`);
    t.equal(status, 400, hot);
    t.match(text, /hot (is a number of keys, 1 to 1000|must be given once)/);
  }
  t.notOk(JSON.parse((await server.ask('GET', '/stats')).text).hot, 'not asked for');
});

t.test('a server with two workers, by both protocols', async (t) => {
  const hotshard = await startHotshard(t, { args: ['--resp-port', '0'] });
  const clients = await hotshard.clients();
  const { respAddress } = await hotshard.logged('hotshard serves on');
  const { port } = new URL(String(respAddress));
  const sockets = clients.flatMap(() => [
    connect(Number(port), '127.0.0.1'),
    connect(Number(port), '127.0.0.1'),
  ]);
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  const asked = clients[0]?.ask('GET', '/stats?hot=3');
  let isAnswered = false;
  const answered = asked?.finally(() => {
    isAnswered = true;
  });
  // Half of all accesses, a quarter, an eighth, and no other key more than a hundredth.
  let turn = 0;
  const keyOf = (i: number): string =>
    i % 2 === 0 ? 'hot' : i % 4 === 1 ? 'warm' : i % 8 === 3 ? 'written' : `k${i % 800}`;
  const pipeline = async (socket: (typeof sockets)[number]): Promise<void> => {
    while (!isAnswered) {
      const lines = Array.from({ length: 400 }, () => {
        const key = keyOf(turn++);
        return key === 'written' ? `SET ${key} v\r\n` : `GET ${key}\r\n`;
      });
      socket.write(lines.join(''));
      await once(socket, 'data');
    }
  };
  const requests = async (client: (typeof clients)[number]): Promise<void> => {
    while (!isAnswered) {
      const key = keyOf(turn++);
      await (key === 'written' ? client.set(key, 'v') : client.get(key));
    }
  };
  const [answer] = await Promise.all([answered, ...sockets.map(pipeline), ...clients.map(requests)]);
  const { hot, hotSampling } = JSON.parse(answer?.text ?? '') as HotKeysReport;
  t.strictSame(
    hot.map(({ key }) => key),
    ['hot', 'warm', 'written'],
  );
  for (const [i, share] of [0.5, 0.25, 0.125].entries()) t.ok(Math.abs((hot[i]?.share ?? 0) - share) < 0.05);
  t.equal(hotSampling.workers, 2);
});
