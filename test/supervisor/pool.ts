/** The pool: who is replaced, when, and what its owner is told. */
import pino from 'pino';
import t, { type Test } from 'tap';
import { openPort, sharingFor } from '../../src/supervisor/listen.js';
import { Pool, type PoolOptions, type RestartPolicy } from '../../src/supervisor/pool.js';
import { createShared, handlesOf } from '../../src/worker/shared.js';
import { testConfig } from './fixtures/config.js';
import { codeOf, everyWorkerAnswers, get } from './fixtures/harness.js';

interface Setup {
  readonly pool: Pool;
  /** What the pool has told: `listening 0`, `gone 1`, `replace 1`, `crash loop`. */
  readonly told: string[];
  readonly log: { readonly level: number; readonly msg: string; readonly [field: string]: unknown }[];
  url(): string;
  /** Resolves when this has been told so many times. */
  hasTold(what: string, times?: number): Promise<void>;
}

const AT_ONCE: RestartPolicy = { firstDelay: 1, longestDelay: 20, healthyAfter: 60_000, mostInARow: 4 };

interface Changes extends Partial<PoolOptions> {
  readonly load?: string;
  /** Every worker data after the first two is refused. */
  readonly failReplacements?: boolean;
}

async function setUp(t: Test, { load, failReplacements = false, ...changes }: Changes = {}): Promise<Setup> {
  let started = 0;
  const config = testConfig({ workers: 2, load, logLevel: 'debug' });
  const shared = createShared(config);
  const port = await openPort({ host: '127.0.0.1', port: 0, sharing: sharingFor(2) });
  const told: string[] = [];
  const log: Setup['log'] = [];
  const watchers = new Set<() => void>();
  let bound = 0;
  const tell = (what: string): void => {
    told.push(what);
    for (const watch of watchers) watch();
  };
  const pool = new Pool({
    workers: 2,
    entry: new URL('./fixtures/worker.js', import.meta.url),
    logger: pino({ level: 'debug' }, { write: (line: string) => log.push(JSON.parse(line)) }),
    restarts: AT_ONCE,
    workerData: async (worker) => {
      if (++started > 2 && failReplacements)
        throw Object.assign(new Error('port lost'), { code: 'EADDRINUSE' });
      return { worker, config, shared: handlesOf(shared), ticket: await port.ticket(worker) };
    },
    onAdopting: (worker) => port.adopted(worker),
    onListening: (worker, { address }) => {
      port.listening(worker);
      bound = address.port;
      tell(`listening ${worker}`);
    },
    onWorkerGone: (worker) => {
      port.gone(worker);
      tell(`gone ${worker}`);
    },
    onReplace: (worker) => tell(`replace ${worker}`),
    onCrashLoop: () => tell('crash loop'),
    ...changes,
  });
  t.teardown(async () => {
    port.close();
    await pool.terminate();
  });
  return {
    pool,
    told,
    log,
    url: () => `http://127.0.0.1:${bound}`,
    hasTold: (what, times = 1) =>
      new Promise((resolve) => {
        const watch = (): void => {
          if (told.filter((entry) => entry === what).length >= times) resolve();
        };
        watchers.add(watch);
        watch();
      }),
  };
}

t.test('a terminated worker leaves the port to the others', async (t) => {
  const { pool, told, url, hasTold } = await setUp(t, {
    restarts: { ...AT_ONCE, firstDelay: 60_000, longestDelay: 60_000 },
  });
  await pool.start();
  await everyWorkerAnswers(url(), 2);
  told.length = 0;
  await pool.thread(1)?.terminate();
  await hasTold('gone 1');
  for (let i = 0; i < 50; i++) await get(url());
  t.strictSame(told, ['gone 1'], 'before it has been replaced');
});

t.test('workers terminated over and over, at any instant, never close the port', async (t) => {
  const { pool, told, url, hasTold } = await setUp(t, { restarts: { ...AT_ONCE, mostInARow: 100 } });
  await pool.start();
  for (let round = 1; round <= 5; round++) {
    await pool.thread(1)?.terminate();
    t.equal((await get(url())).status, 200);
    await hasTold('listening 1', round + 1);
  }
  await everyWorkerAnswers(url(), 2);
  t.strictSame(told.slice(-3), ['gone 1', 'replace 1', 'listening 1']);
});

t.test('deaths in a row are answered ever more slowly, then given up', async (t) => {
  const { pool, told, log, hasTold } = await setUp(t);
  await pool.start();
  for (let death = 1; death <= AT_ONCE.mostInARow; death++) {
    await hasTold('listening 0', death);
    await pool.thread(0)?.terminate();
  }
  await hasTold('crash loop');
  t.equal(told.filter((what) => what === 'crash loop').length, 1);
  t.strictSame(
    log.flatMap(({ delay }) => (delay === undefined ? [] : [delay])),
    [1, 2, 4],
  );
  t.match(log.at(-1), { level: 60, worker: 0, deaths: 4 });
});

t.test('a worker that had been healthy begins a new row', async (t) => {
  const { pool, told, hasTold } = await setUp(t, {
    restarts: { ...AT_ONCE, healthyAfter: 0, mostInARow: 2 },
  });
  await pool.start();
  for (let death = 1; death <= 4; death++) {
    await hasTold('listening 0', death);
    await pool.thread(0)?.terminate();
  }
  await hasTold('listening 0', 5);
  t.notOk(told.includes('crash loop'));
});

t.test('a worker that can not start at all makes the start fail with its error', async (t) => {
  const { pool, told } = await setUp(t, { load: 'fail at start' });
  t.equal(await codeOf(pool.start()), 'EFIXTURE');
  t.equal(pool.thread(0) ?? pool.thread(1), undefined, 'nothing is left running');
  t.notOk(told.some((what) => what.startsWith('replace')));
});

t.test('a replacement that can not start counts as a death', async (t) => {
  const { pool, log, hasTold } = await setUp(t, { failReplacements: true });
  await pool.start();
  await pool.thread(0)?.terminate();
  await hasTold('crash loop');
  t.match(log.at(-1), { level: 60, worker: 0, deaths: 4, err: { code: 'EADDRINUSE' } });
});

t.test('log lines of a worker come out of the program log, with the worker and at their level', async (t) => {
  const { pool, log } = await setUp(t);
  await pool.start();
  await pool.drain(1_000);
  for (const worker of [0, 1]) {
    t.match(
      log.find((line) => line.msg === 'worker listens' && line.worker === worker),
      { level: 20, ticket: {} },
    );
    t.ok(
      log.some((line) => line.msg === 'worker has drained' && line.worker === worker),
      'the last one too',
    );
  }
});

t.test('a drain before the workers are ready lets them finish their start', async (t) => {
  const { pool, told } = await setUp(t);
  const starting = pool.start();
  t.equal(await pool.drain(5_000), 0);
  await starting;
  t.equal(told.filter((what) => what.startsWith('gone')).length, 2);
  t.notOk(told.some((what) => what.startsWith('replace')));
});

t.test('a worker that dies while draining is not replaced', async (t) => {
  const { pool, told, url, hasTold } = await setUp(t);
  await pool.start();
  const stuck = [codeOf(get(`${url()}/stuck`)), codeOf(get(`${url()}/stuck`))];
  await everyWorkerAnswers(url(), 2);
  const drained = pool.drain(1_000);
  await pool.thread(0)?.terminate();
  await drained;
  await hasTold('gone 0');
  await Promise.all(stuck);
  t.notOk(told.some((what) => what.startsWith('replace')));
});
