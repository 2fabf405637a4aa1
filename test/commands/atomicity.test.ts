/** Commands of several workers over the same keys: none is lost, none is seen in half. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { SharedCache } from '../../shards/index.js';
import { Turnstile } from '../../src/store/turnstile.js';
import { PLAIN_THREAD } from '../plain.js';
import { times } from '../shards/support.js';
import type { Captured } from './capture.js';
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

t.test('what is written between the look of a command and its own write is not lost', async (t) => {
  // Of a key that had 10 and has 20 by then, or none any more: the reply, and what it has afterwards.
  const cases: readonly [line: string, replaced: readonly Captured[], deleted: readonly Captured[]][] = [
    ['INCR k', [21, '21'], [1, '1']],
    [
      'INCRBY k 9007199254740993',
      [9007199254741013n, '9007199254741013'],
      [9007199254740993n, '9007199254740993'],
    ],
    ['INCRBYFLOAT k 0.5', ['20.5', '20.5'], ['0.5', '0.5']],
    ['APPEND k x', [3, '20x'], [1, 'x']],
    ['SETRANGE k 1 x', [2, '2x'], [2, '\0x']],
    ['GETDEL k', ['20', null], [null, null]],
    ['GETSET k v', ['20', 'v'], [null, 'v']],
    ['SET k v GET', ['20', 'v'], [null, 'v']],
    ['SET k v XX', ['+OK', 'v'], [null, null]],
    ['SET k v XX GET PXAT 1', ['20', null], [null, null]],
    ['GETEX k EX 100', ['20', '20'], [null, null]],
    ['GETEX k PXAT 1', ['20', null], [null, null]],
    ['EXPIRE k 100', [1, '20'], [0, null]],
    ['EXPIRE k 0', [1, null], [0, null]],
    ['EXPIRE k 100 XX', [0, '20'], [0, null]],
    ['PERSIST k', [0, '20'], [0, null]],
  ];
  for (const [line, replaced, deleted] of cases) {
    t.strictSame(interrupted(line, 'SET k 20'), replaced, `${line}, replaced`);
    t.strictSame(interrupted(line, 'DEL k'), deleted, `${line}, deleted`);
  }
});

t.test('nor is what is written to a key that had no value', async (t) => {
  for (const [line, expected] of [
    ['SETNX new v', [0, '20']],
    ['SET new v NX', [null, '20']],
    ['SET new v NX GET', ['20', '20']],
    ['INCR new', [21, '21']],
    ['APPEND new x', [3, '20x']],
  ] as const) {
    t.strictSame(interrupted(line, 'SET new 20'), expected, line);
  }
});

/** The reply to a command, and the value of its key afterwards, when another, which looks at nothing, comes right after its first look. */
function interrupted(line: string, other: string): Captured[] {
  const rig = Rig.create();
  const { entries } = rig.map;
  rig.say('SET k 10 EX 1000');
  const look = entries.getRangeInto.bind(entries);
  entries.getRangeInto = (...key) => {
    entries.getRangeInto = look;
    const length = look(...key);
    rig.say(other);
    return length;
  };
  return [rig.say(line), rig.say(`GET ${line.split(' ')[1]}`)];
}

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
