/** `/stats`: the counters of the whole process, in one flat object. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { SharedCache } from '../../shards/index.js';
import { ConcurrencyLimit } from '../../src/limits/concurrency.js';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { collectStats, VERSION } from '../../src/telemetry/stats.js';

t.test('what is there', async (t) => {
  const state = ProcessState.create(2);
  state.advanceTo('serving');
  state.count(0, 'requests', 20);
  state.count(1, 'requests', 30);
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
  const stats = JSON.parse(JSON.stringify(collectStats({ map, state, limit, worker: 1 })));
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
    workers: [
      { worker: 0, requests: 20, errors: 0, connections: 0, openConnections: 0, restarts: 0 },
      { worker: 1, requests: 30, errors: 0, connections: 0, openConnections: 0, restarts: 0 },
    ],
    limits: { inFlight: 1, waiting: 0, concurrencyLimit: 250, backlogLimit: 4096 },
  });
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
  t.equal(collectStats({ map, state, limit, worker: 0 }).hitRatio, 0);
});
