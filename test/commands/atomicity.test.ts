/** Commands of several workers over the same keys: none is lost, none is seen in half. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { SharedCache } from '../../shards/index.js';
import { Turnstile } from '../../src/store/turnstile.js';
import { PLAIN_THREAD } from '../plain.js';
import { times } from '../shards/support.js';
import type { CommandWorkerInput, CommandWorkerReport, Job } from './fixtures/job.js';
import { Rig } from './rig.js';

const PROGRAM = new URL('./fixtures/command-worker.js', import.meta.url);

/** Milliseconds after which a thread is taken to hang. */
const LIMIT = 60_000;

t.test('counting loses nothing', async (t) => {
  const map = SharedCache.create({ maxMemory: 4 << 20 });
  const count = times(15_000);
  const [, , { sum }] = await run(t, map, ['count', 'count'], ['take'], count);
  const rig = new Rig(map);
  t.equal(rig.say('GET n'), String(2 * count));
  t.equal(rig.say('GET f'), String((2 * count) / 4));
  t.equal(rig.say('STRLEN s'), 2 * count);
  t.equal(sum + Number(rig.say('GET taken')), 2 * count);
});

t.test('commands over several keys are seen whole', async (t) => {
  const map = SharedCache.create({ maxMemory: 1 << 20 });
  new Rig(map).say('SET here v');
  const reports = await run(t, map, ['pairs', 'pairs', 'moves'], ['watch'], times(10_000));
  t.same(
    reports.flatMap(({ flaws }) => flaws),
    [],
  );
});

/**
 * Runs jobs in a thread each, from the same instant on; `until` those that are stopped when the others have ended.
 * Resolves with the reports of all, in their order.
 */
async function run(
  t: Test,
  map: SharedCache,
  jobs: readonly Job[],
  until: readonly Job[],
  count: number,
): Promise<CommandWorkerReport[]> {
  const all = [...jobs, ...until];
  const turnstile = Turnstile.create(all.length).handle;
  const flags = new Int32Array(new SharedArrayBuffer(8));
  const workers = all.map((job, worker) => {
    const workerData: CommandWorkerInput = {
      ...{ handle: map.handle, turnstile, worker, job, times: count, flags },
    };
    return new Worker(PROGRAM, { workerData, ...PLAIN_THREAD });
  });
  t.teardown(() => Promise.all(workers.map((worker) => worker.terminate())));
  const message = async (worker: Worker): Promise<unknown> =>
    (await once(worker, 'message', { signal: AbortSignal.timeout(LIMIT) }))[0];
  await Promise.all(workers.map(message));
  const reports = workers.map(message) as Promise<CommandWorkerReport>[];
  Atomics.store(flags, 0, 1);
  Atomics.notify(flags, 0);
  await Promise.all(reports.slice(0, jobs.length));
  Atomics.store(flags, 1, 1);
  return Promise.all(reports);
}
