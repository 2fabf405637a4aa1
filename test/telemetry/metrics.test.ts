/** `/metrics`: a table of metrics, and what it reads, in Prometheus's text format. */
import t from 'tap';
import { SharedCache } from '../../shards/index.js';
import { ConcurrencyLimit } from '../../src/limits/concurrency.js';
import { exposition } from '../../src/telemetry/exposition.js';
import { METRICS, readMetrics } from '../../src/telemetry/metrics.js';
import { ProcessState, WORKER_COUNTERS } from '../../src/telemetry/process-state.js';
import { BUCKETS, seriesOf } from '../../src/telemetry/requests.js';
import { VERSION } from '../../src/telemetry/stats.js';
import { NO_FIGURES } from './no-figures.js';
import { readExposition, sampleOf } from './read-exposition.js';

const LIMIT = ConcurrencyLimit.create({ concurrencyLimit: 250, backlogLimit: 4096, workers: 2 });

function sourcesOf(state = ProcessState.create(2), map = SharedCache.create({ maxMemory: 1024 * 1024 })) {
  return { map, state, limit: ConcurrencyLimit.attach(LIMIT, 0), worker: 0, store: 'redis' } as const;
}

t.test('the table follows the conventions', async (t) => {
  t.equal(new Set(METRICS.map(({ name }) => name)).size, METRICS.length, 'every name is there once');
  for (const { name, type, help } of METRICS) {
    t.match(name, /^(?:hotshard|process|nodejs)(?:_[a-z\d]+)+$/);
    t.equal(name.endsWith('_total'), type === 'counter', `${name}: counters end in _total, and only they`);
    t.notMatch(name, /_(?:milliseconds|micros|kilobytes|percent)/, 'base units');
    t.match(help, /^[A-Z\d].+\.$/, `${name} is explained in a sentence`);
  }
});

t.test('all of the table is in the text, with what it means', async (t) => {
  const families = readExposition(exposition(readMetrics(sourcesOf())));
  t.strictSame(
    [...families].map(([name, { type, help }]) => ({ name, type, help })),
    METRICS.map(({ name, type, help }) => ({ name, type, help })),
  );
  for (const [name, { samples }] of families) {
    for (const [labels, value] of samples) t.ok(value >= 0, `${name}${labels} is a number`);
  }
});

t.test('text that means something to the format is escaped', async (t) => {
  const text = exposition([
    {
      name: 'one',
      type: 'gauge',
      help: 'C:\\ and\na line',
      samples: [{ labels: { quote: '"', slash: '\\', line: 'a\nb', number: 3 }, value: 1.5 }],
    },
    {
      name: 'two',
      type: 'gauge',
      help: 'Large.',
      samples: [{ value: Number.POSITIVE_INFINITY }, { labels: { x: 1 }, value: 1e21 }],
    },
  ]);
  t.equal(
    text,
    [
      '# HELP one C:\\\\ and\\na line',
      '# TYPE one gauge',
      'one{quote="\\"",slash="\\\\",line="a\\nb",number="3"} 1.5',
      '# HELP two Large.',
      '# TYPE two gauge',
      'two +Inf',
      'two{x="1"} 1e+21',
      '',
    ].join('\n'),
  );
  t.equal(readExposition(text).size, 2);
});

t.test('the sum over all workers, whichever answers', async (t) => {
  const state = ProcessState.create(2);
  const other = ProcessState.attach(structuredClone(state.handle));
  for (const worker of [0, 1]) {
    for (const [index, counter] of WORKER_COUNTERS.entries()) {
      (worker === 0 ? state : other).count(worker, counter, (index + 1) * (worker + 1));
    }
  }
  const map = SharedCache.create({ maxMemory: 1024 * 1024 });
  map.set('here', 'value');
  map.get('here');
  map.get('absent');
  const text = exposition(readMetrics(sourcesOf(state, map)));
  t.equal(
    text.replaceAll(/^(?:process|nodejs).*\n/gm, ''),
    exposition(readMetrics({ ...sourcesOf(other, map), worker: 1 })).replaceAll(
      /^(?:process|nodejs).*\n/gm,
      '',
    ),
  );
  const counted = (counter: (typeof WORKER_COUNTERS)[number]): number =>
    3 * (WORKER_COUNTERS.indexOf(counter) + 1);
  const expected: Readonly<Record<string, number>> = {
    hotshard_hits_total: 1,
    hotshard_misses_total: 1,
    hotshard_sets_total: 1,
    hotshard_keys: 1,
    hotshard_memory_max_bytes: 1024 * 1024,
    hotshard_workers: 2,
    hotshard_inflight_max: 250,
    hotshard_connections_opened_total: counted('connections'),
    hotshard_connections: counted('openConnections'),
    hotshard_resp_connections_opened_total: counted('respConnections'),
    hotshard_resp_connections: counted('respOpenConnections'),
    hotshard_worker_restarts_total: counted('restarts'),
    hotshard_server_errors_total: counted('errors'),
    hotshard_eventloop_stalls_total: counted('stalls'),
    hotshard_store_fetches_total: counted('fetches'),
    hotshard_absent_hits_total: counted('absentHits'),
    hotshard_stale_hits_total: counted('staleHits'),
    hotshard_invalidations_total: counted('invalidations'),
    hotshard_store_errors_total: counted('storeErrors'),
    hotshard_epoch_changes_total: counted('sessions'),
    hotshard_store_connections: counted('storeLinks'),
    hotshard_store_up: 1,
    hotshard_serving: 0,
  };
  for (const [name, value] of Object.entries(expected)) t.equal(sampleOf(text, name), value, name);
  t.equal(sampleOf(text, 'hotshard_rejected_total', '{reason="concurrency"}'), counted('rejected'));
  t.equal(sampleOf(text, 'hotshard_rejected_total', '{reason="rate"}'), counted('rateLimited'));
  t.equal(sampleOf(text, 'hotshard_build_info', `{version="${VERSION}"}`), 1);
  state.forget(0);
  state.forget(1);
  state.advanceTo('serving');
  const after = exposition(readMetrics(sourcesOf(state, map)));
  t.equal(sampleOf(after, 'hotshard_connections'), 0, 'what a dead worker had open has ended');
  t.equal(sampleOf(after, 'hotshard_resp_connections'), 0, 'by either protocol');
  t.equal(sampleOf(after, 'hotshard_store_up'), 0, 'and so have its connections to the store');
  t.equal(sampleOf(after, 'hotshard_connections_opened_total'), counted('connections'), 'what it did stays');
  t.equal(sampleOf(after, 'hotshard_serving'), 1);
  const alone = exposition(readMetrics({ ...sourcesOf(state, map), store: 'none' }));
  t.equal(
    sampleOf(alone, 'hotshard_store_up'),
    undefined,
    'where there is no store it is neither up nor down',
  );
});

t.test('the histogram is cumulative, and ends with all there is', async (t) => {
  const { state, ...sources } = sourcesOf();
  state.requests.took(0, 'http1', 3, 0.004);
  state.requests.took(1, 'http1', 2, 0.3);
  state.requests.took(1, 'http1', 1, 20_000);
  state.requests.served(1, seriesOf('resp', 'write', 'ok'), 7);
  const text = exposition(readMetrics({ ...sources, state }));
  const of = (suffix: string): number | undefined =>
    sampleOf(text, 'hotshard_request_duration_seconds', suffix);
  let below = 0;
  for (const bound of BUCKETS) {
    const count = of(`_bucket{protocol="http1",le="${bound}"}`) ?? Number.NaN;
    const expected = [0.000_004, 0.0003].filter((time) => time <= bound).length;
    t.equal(count, [0, 3, 5][expected], `${bound}`);
    t.ok(count >= below);
    below = count;
  }
  t.equal(of('_bucket{protocol="http1",le="+Inf"}'), 6);
  t.equal(of('_count{protocol="http1"}'), 6);
  t.equal(of('_sum{protocol="http1"}')?.toFixed(6), (20 + 0.000_612).toFixed(6));
  t.equal(of('_count{protocol="resp"}'), 0);
  t.equal(sampleOf(text, 'hotshard_requests_total', '{protocol="resp",op="write",status="ok"}'), 7);
});

t.test('what the threads and the process say of themselves', async (t) => {
  const { state, ...sources } = sourcesOf();
  state.runtime.write(1, { ...NO_FIGURES, p99: 0.0125, heapUsed: 3 * 1024 * 1024 });
  state.commands.received(1, 12);
  state.commands.reset();
  const text = exposition(readMetrics({ ...sources, state }));
  t.equal(sampleOf(text, 'nodejs_eventloop_lag_p99_seconds', '{worker="1"}')?.toFixed(6), '0.012500');
  t.equal(sampleOf(text, 'nodejs_eventloop_lag_p99_seconds', '{worker="0"}'), 0);
  t.equal(sampleOf(text, 'nodejs_heap_size_used_bytes', '{worker="1"}'), 3 * 1024 * 1024);
  t.equal(sampleOf(text, 'hotshard_resp_received_bytes_total'), 12, 'a counter does not go down by a reset');
  const cpu = ['user_', 'system_', ''].map(
    (part) => sampleOf(text, `process_cpu_${part}seconds_total`) ?? Number.NaN,
  );
  t.ok(cpu[0] > 0 && Math.abs(cpu[0] + cpu[1] - cpu[2]) < 1, 'CPU time');
  t.ok((sampleOf(text, 'process_resident_memory_bytes') ?? 0) > 2 ** 20);
  const started = (sampleOf(text, 'process_start_time_seconds') ?? 0) * 1000;
  t.ok(started < Date.now() && started > Date.now() - 600_000, 'in seconds since the epoch');
  if (process.platform === 'linux') {
    t.ok((sampleOf(text, 'process_open_fds') ?? 0) > 2);
    t.ok((sampleOf(text, 'process_max_fds') ?? 0) >= (sampleOf(text, 'process_open_fds') ?? 0));
  }
});
