/** `/stats`: the counters of the whole process, in one flat object. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { SharedCache } from '../../shards/index.js';
import { ConcurrencyLimit } from '../../src/limits/concurrency.js';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { seriesOf } from '../../src/telemetry/requests.js';
import { collectStats, storeKind, VERSION } from '../../src/telemetry/stats.js';
import { NO_FIGURES } from './no-figures.js';

t.test('what is there', async (t) => {
  const state = ProcessState.create(2);
  state.advanceTo('serving');
  state.count(0, 'requests', 20);
  state.count(1, 'requests', 30);
  state.count(0, 'storeLinks');
  state.count(1, 'sessions', 2);
  for (const [worker, milliseconds] of [0.04, 0.02].entries()) {
    state.requests.served(worker, seriesOf('http1', 'get', '2xx'), 10);
    state.requests.took(worker, 'http1', 10, milliseconds);
  }
  state.runtime.write(1, { ...NO_FIGURES, mean: 0.001, max: 0.25 });
  const limit = ConcurrencyLimit.attach(
    ConcurrencyLimit.create({ concurrencyLimit: 250, backlogLimit: 4096, workers: 2 }),
    1,
  );
  limit.tryAcquire();
  const map = SharedCache.create({ maxMemory: 1024 * 1024 });
  map.set('here', 'value');
  for (let i = 0; i < 3; i++) map.get('here');
  map.get('absent');
  const counters = map.stats();
  const stats = JSON.parse(JSON.stringify(collectStats({ map, state, limit, worker: 1, store: 'redis' })));
  t.match(stats, {
    uptime: Number,
    version: JSON.parse(readFileSync('package.json', 'utf8')).version,
    pid: process.pid,
    node: process.version,
    phase: 'serving',
    worker: 1,
    ...counters,
    hits: 3,
    misses: 1,
    keys: 1,
    hitRatio: 0.75,
    memory: { rss: Number, heapUsed: Number },
    requests: { http1: 20, http2: 0, resp: 0 },
    latency: { http1: { p50: 0.025, p90: 0.045, p99: 0.05 }, http2: { p50: null, p90: null, p99: null } },
    store: { kind: 'redis', up: false, links: 1, sessions: 2 },
    workers: [
      { worker: 0, requests: 20, errors: 0, connections: 0, openConnections: 0, restarts: 0 },
      {
        worker: 1,
        requests: 30,
        errors: 0,
        connections: 0,
        openConnections: 0,
        restarts: 0,
        eventLoopLag: { mean: 1, max: 250, p50: 0, p90: 0, p99: 0 },
      },
    ],
    limits: { inFlight: 1, waiting: 0, concurrencyLimit: 250, backlogLimit: 4096 },
  });
  state.count(1, 'storeLinks');
  t.equal(
    collectStats({ map, state, limit, worker: 0, store: 'redis' }).store.up,
    true,
    'every worker has one',
  );
  t.ok(stats.uptime >= 0 && stats.uptime < 60);
  t.match(VERSION, /^\d+\.\d+\.\d+/);
});

t.test('nothing read yet: a ratio of 0, not of nothing by nothing', async (t) => {
  const state = ProcessState.create(1);
  const limit = ConcurrencyLimit.attach(
    ConcurrencyLimit.create({ concurrencyLimit: 1, backlogLimit: 0, workers: 1 }),
    0,
  );
  const map = SharedCache.create({ maxMemory: 1024 * 1024 });
  const stats = collectStats({ map, state, limit, worker: 0, store: 'none' });
  t.equal(stats.hitRatio, 0);
  t.strictSame(stats.latency.http1, { p50: null, p90: null, p99: null });
  t.strictSame(stats.store, { kind: 'none', up: null, links: 0, sessions: 0 });
});

t.test('what stands behind the map', async (t) => {
  t.equal(storeKind({}), 'none');
  t.equal(storeKind({ redis: undefined, redisCluster: undefined, load: 'data.txt' }), 'file');
  t.equal(storeKind({ redis: { path: '/run/redis', database: 0, tls: false } }), 'redis');
  t.equal(storeKind({ redisCluster: [] }), 'redis-cluster');
});
