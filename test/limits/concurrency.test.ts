/** The concurrency limit by itself: places, queues, and what another worker or a dead one means for them. */
import { Worker } from 'node:worker_threads';
import t from 'tap';
import {
  ConcurrencyLimit,
  type ConcurrencyLimitOptions,
  releaseAllOf,
} from '../../src/limits/concurrency.js';
import { PLAIN_THREAD } from '../plain.js';

// Neither a sleeping queue nor its timer keeps a process up; the sockets of a server do.
const alive = setInterval(() => undefined, 1000);
t.teardown(() => clearInterval(alive));

/** A wake-up that is lost shows: nobody looks for a place unasked before the wait limit has passed. */
const WAKE_UPS_COUNT = { waitLimit: 5_000, recheckInterval: 60_000 };

function workers(options: Partial<ConcurrencyLimitOptions> = {}): ConcurrencyLimit[] {
  const handle = ConcurrencyLimit.create({
    concurrencyLimit: 1,
    backlogLimit: 100,
    workers: 2,
    ...WAKE_UPS_COUNT,
    ...options,
  });
  return Array.from({ length: handle.workers }, (_, worker) => ConcurrencyLimit.attach(handle, worker));
}

/** Queues for a place and resolves with the outcome. */
function turn(limit: ConcurrencyLimit | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    if (limit?.wait(resolve) === undefined) resolve(false);
  });
}

t.test('places are counted over all workers', async (t) => {
  const [a, b] = workers({ concurrencyLimit: 2 });
  t.ok(a?.tryAcquire());
  t.ok(b?.tryAcquire());
  t.notOk(a?.tryAcquire(), 'all are taken');
  t.notOk(b?.tryAcquire());
  t.same(a?.usage, { inFlight: 2, waiting: 0, concurrencyLimit: 2, backlogLimit: 100 });
  b?.release();
  t.ok(a?.tryAcquire(), 'one has been freed elsewhere');
});

t.test('the backlog is counted over all workers', async (t) => {
  const [a, b] = workers({ backlogLimit: 2 });
  a?.tryAcquire();
  t.ok(a?.wait(() => undefined));
  const second = b?.wait(() => undefined);
  t.ok(second);
  t.equal(
    a?.wait(() => undefined),
    undefined,
    'it is full',
  );
  t.equal(
    b?.wait(() => undefined),
    undefined,
  );
  if (second !== undefined) b?.leave(second);
  t.ok(
    a?.wait(() => undefined),
    'somebody has left',
  );
  t.equal(a?.usage.waiting, 2);
});

t.test('no backlog: nobody waits', async (t) => {
  const [a] = workers({ backlogLimit: 0 });
  a?.tryAcquire();
  t.equal(
    a?.wait(() => undefined),
    undefined,
  );
});

t.test('first come, first served', async (t) => {
  const [a] = workers();
  a?.tryAcquire();
  const order: number[] = [];
  const turns = [1, 2, 3].map((n) => turn(a).then(() => order.push(n)));
  const newcomer = a?.tryAcquire();
  t.notOk(newcomer, 'a newcomer does not pass those who wait');
  for (const waiting of turns) {
    a?.release();
    await waiting;
  }
  t.strictSame(order, [1, 2, 3]);
  a?.release();
  t.same(a?.usage, { inFlight: 0, waiting: 0, concurrencyLimit: 1, backlogLimit: 100 });
});

t.test('a place freed in one worker wakes a waiter in another', async (t) => {
  const [a, b] = workers();
  a?.tryAcquire();
  const waiting = turn(b);
  a?.release();
  t.notOk(a?.tryAcquire(), 'it is not taken from under it');
  t.ok(await waiting);
  b?.release();
  t.equal(b?.usage.inFlight, 0);
});

t.test('a queue that has just begun lets those pass who waited before', async (t) => {
  const [a, b] = workers();
  a?.tryAcquire();
  const order: string[] = [];
  const before = turn(b).then(() => order.push('before'));
  a?.release();
  const after = turn(a).then(() => order.push('after'));
  await before;
  b?.release();
  await after;
  t.strictSame(order, ['before', 'after']);
});

t.test('a wake-up that finds nobody is passed on', async (t) => {
  const [a, b, c] = workers({ workers: 3 });
  a?.tryAcquire();
  const gone = b?.wait(() => t.fail('it has left'));
  const waiting = turn(c);
  await new Promise((resolve) => setTimeout(resolve, 50)); // c stands back first, and sleeps then
  a?.release();
  if (gone !== undefined) b?.leave(gone);
  t.ok(await waiting);
});

t.test('a worker that is never idle does not keep the place for itself', async (t) => {
  const [a, b] = workers();
  a?.tryAcquire();
  let served = 0;
  let stop = false;
  const busy = (): void => {
    void turn(a).then(() => {
      served += 1;
      if (stop || served === 1000) return a?.release();
      busy();
      a?.release();
    });
  };
  busy();
  const waiting = turn(b);
  a?.release();
  t.ok(await waiting);
  t.ok(served <= 40, `${served} turns in the meantime`);
  stop = true;
  b?.release();
});

t.test('nobody waits longer than the limit', async (t) => {
  const [a, b] = workers({ waitLimit: 30 });
  a?.tryAcquire();
  t.strictSame(await Promise.all([turn(a), turn(a), turn(b)]), [false, false, false]);
  t.equal(a?.usage.waiting, 0);
  t.strictSame(await Promise.all([turn(a)]), [false], 'nor does who comes later');
});

t.test('leaving twice, or after the turn has come, changes nothing', async (t) => {
  const [a] = workers();
  a?.tryAcquire();
  const outcomes: boolean[] = [];
  const waiter = a?.wait((acquired) => outcomes.push(acquired));
  a?.release();
  t.strictSame(outcomes, [true]);
  if (waiter !== undefined) a?.leave(waiter);
  t.same(a?.usage, { inFlight: 1, waiting: 0, concurrencyLimit: 1, backlogLimit: 100 });
});

t.test('a row that is not there', async (t) => {
  const handle = ConcurrencyLimit.create({ concurrencyLimit: 1, backlogLimit: 0, workers: 2 });
  for (const worker of [-1, 2, 0.5]) t.throws(() => ConcurrencyLimit.attach(handle, worker), RangeError);
});

const MODULE = new URL('../../src/limits/concurrency.js', import.meta.url).href;

/** A worker thread that runs `body` with `limit` and `port` (its parent) at hand. */
function thread(handle: unknown, worker: number, body: string): Worker {
  const code = `
    import { parentPort as port, workerData } from 'node:worker_threads';
    const { ConcurrencyLimit } = await import(${JSON.stringify(MODULE)});
    const limit = ConcurrencyLimit.attach(workerData.handle, workerData.worker);
    const turn = () => new Promise((resolve) => { if (!limit.wait(resolve)) resolve(false); });
    ${body}`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  return new Worker(url, { workerData: { handle, worker }, ...PLAIN_THREAD });
}

const said = (worker: Worker): Promise<unknown> =>
  new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });

t.test('what a dead worker held is given back', async (t) => {
  const handle = ConcurrencyLimit.create({
    concurrencyLimit: 2,
    backlogLimit: 10,
    workers: 2,
    ...WAKE_UPS_COUNT,
  });
  const here = ConcurrencyLimit.attach(handle, 0);
  const doomed = thread(
    handle,
    1,
    `limit.tryAcquire();
    limit.tryAcquire();
    port.postMessage('holds');
    port.once('message', () => {
      void turn();
      port.postMessage('waits');
    });`,
  );
  t.equal(await said(doomed), 'holds');
  const waiting = turn(here);
  doomed.postMessage('wait');
  t.equal(await said(doomed), 'waits');
  await doomed.terminate();
  t.match(here.usage, { inFlight: 2, waiting: 2 }, 'it can not have done it itself');
  releaseAllOf(handle, 1);
  t.ok(await waiting);
  t.match(here.usage, { inFlight: 1, waiting: 0 });
});

t.test('threads contend, each place is used by one at a time, and every turn comes', async (t) => {
  const LIMIT = 3;
  const THREADS = 3;
  const TURNS = 400;
  const handle = ConcurrencyLimit.create({
    concurrencyLimit: LIMIT,
    backlogLimit: 1000,
    workers: THREADS,
    ...WAKE_UPS_COUNT,
  });
  const inside = new Int32Array(new SharedArrayBuffer(8));
  const threads = Array.from({ length: THREADS }, (_, worker) =>
    thread(
      { ...handle, inside },
      worker,
      `
      const inside = workerData.handle.inside;
      let refused = 0;
      const visit = async () => {
        if (!limit.tryAcquire() && !(await turn())) { refused += 1; return; }
        const now = Atomics.add(inside, 0, 1) + 1;
        if (now > ${LIMIT}) Atomics.add(inside, 1, 1);
        if (now % 2) await new Promise((resolve) => setImmediate(resolve));
        Atomics.sub(inside, 0, 1);
        limit.release();
      };
      const visitor = async () => { for (let n = 0; n < ${TURNS / 20}; n++) await visit(); };
      const alive = setInterval(() => 0, 1000);
      await Promise.all(Array.from({ length: 20 }, visitor));
      clearInterval(alive);
      port.postMessage(refused);`,
    ),
  );
  t.strictSame(await Promise.all(threads.map(said)), [0, 0, 0], 'nobody was refused');
  t.equal(inside[1], 0, 'never more inside than the limit');
  t.match(ConcurrencyLimit.attach(handle, 0).usage, { inFlight: 0, waiting: 0 });
});
