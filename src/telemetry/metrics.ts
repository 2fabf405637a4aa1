/**
 * The metrics of `/metrics`: one table of their names, types, meanings and sources. All of it is read from shared memory or
 * of the process, so any worker answers for all. No key is ever in a label.
 */
import type { CacheStats } from '../../shards/index.js';
import type { ConcurrencyUsage } from '../limits/concurrency.js';
import { type Family, histogramSamples, type Sample } from './exposition.js';
import { PROCESS_METRICS } from './process-metrics.js';
import type { ProcessState, WorkerCounter } from './process-state.js';
import { BUCKETS, PROTOCOLS, SERIES } from './requests.js';
import type { RuntimeFigure } from './runtime.js';
import { type StatsSources, type StoreStats, storeStats, VERSION } from './stats.js';

/** What the metrics are read from, as it is at one moment. */
export interface Readings {
  readonly map: CacheStats;
  readonly usage: ConcurrencyUsage;
  readonly state: ProcessState;
  readonly store: StoreStats;
}

/** A metric. A number is its one value. */
export interface Metric extends Omit<Family, 'samples'> {
  readonly read: (readings: Readings) => number | readonly Sample[];
}

const REQUESTS: readonly Metric[] = [
  {
    name: 'hotshard_requests_total',
    type: 'counter',
    help: 'Requests that were answered, by protocol, operation and class of the status; status "none": the client was gone.',
    read: ({ state }) =>
      SERIES.map(({ protocol, operation, status }, number) => ({
        labels: { protocol, op: operation, status },
        value: state.requests.total(number),
      })),
  },
  {
    name: 'hotshard_request_duration_seconds',
    type: 'histogram',
    help: 'Time from when a request was read until its answer was written. Requests that were read together and answered by one write took the same time. In the fast lane a part of the requests is timed when they are many, and stands for the others.',
    read: ({ state }) =>
      PROTOCOLS.flatMap((protocol) => {
        const { counts, seconds } = state.requests.histogram(protocol);
        return histogramSamples({ protocol }, BUCKETS, counts, seconds);
      }),
  },
  {
    name: 'hotshard_rejected_total',
    type: 'counter',
    help: 'Requests that were turned away: by the concurrency limit, when too many waited already or one had waited too long, or by the rate limit.',
    read: ({ state }) => [
      { labels: { reason: 'concurrency' }, value: state.total('rejected') },
      { labels: { reason: 'rate' }, value: state.total('rateLimited') },
    ],
  },
  gauge(
    'hotshard_inflight',
    'Requests in flight that hold a place of the concurrency limit.',
    ({ usage }) => usage.inFlight,
  ),
  gauge('hotshard_inflight_max', 'The concurrency limit.', ({ usage }) => usage.concurrencyLimit),
  gauge('hotshard_backlog', 'Requests that wait for a place.', ({ usage }) => usage.waiting),
  gauge('hotshard_backlog_max', 'Requests that may wait for a place.', ({ usage }) => usage.backlogLimit),
  counted('hotshard_connections_opened_total', 'Connections for HTTP that were accepted.', 'connections'),
  gauge('hotshard_connections', 'Open connections for HTTP.', ({ state }) => state.total('openConnections')),
  counted(
    'hotshard_resp_connections_opened_total',
    'Connections of the Redis protocol that were accepted.',
    'respConnections',
  ),
  gauge('hotshard_resp_connections', 'Open connections of the Redis protocol.', ({ state }) =>
    state.total('respOpenConnections'),
  ),
  counter(
    'hotshard_resp_received_bytes_total',
    'Bytes read from connections of the Redis protocol.',
    ({ state }) => state.commands.trafficSinceStart.input,
  ),
  counter(
    'hotshard_resp_sent_bytes_total',
    'Bytes written to connections of the Redis protocol.',
    ({ state }) => state.commands.trafficSinceStart.output,
  ),
];

const MAP: readonly Metric[] = [
  counter('hotshard_hits_total', 'Reads of the shared map that found a value.', ({ map }) => map.hits),
  counter('hotshard_misses_total', 'Reads of the shared map that found none.', ({ map }) => map.misses),
  counter('hotshard_sets_total', 'Values that were stored in the shared map.', ({ map }) => map.sets),
  counter('hotshard_deletes_total', 'Keys that were deleted from the shared map.', ({ map }) => map.deletes),
  counter('hotshard_evictions_total', 'Keys that were removed for room.', ({ map }) => map.evictions),
  counter(
    'hotshard_expired_total',
    'Keys that were removed because their time to live was over.',
    ({ map }) => map.expirations,
  ),
  gauge(
    'hotshard_keys',
    'Keys that have a value, expired ones that were not swept yet included.',
    ({ map }) => map.keys,
  ),
  gauge(
    'hotshard_memory_used_bytes',
    'Bytes of entries that can be read: headers, keys and values.',
    ({ map }) => map.bytesUsed,
  ),
  gauge('hotshard_memory_max_bytes', 'Memory of the shared map, index included.', ({ map }) => map.bytesMax),
];

const STORE: readonly Metric[] = [
  {
    name: 'hotshard_store_up',
    type: 'gauge',
    help: '1 when every worker has a connection to the store that answers, else 0. Absent without a store to connect to.',
    read: ({ store }) => (store.up === null ? [] : [{ value: Number(store.up) }]),
  },
  gauge(
    'hotshard_store_connections',
    'Connections to the store that answer, of all workers.',
    ({ store }) => store.links,
  ),
  counted('hotshard_store_fetches_total', 'Reads of the store.', 'fetches'),
  counted(
    'hotshard_store_errors_total',
    'Operations that failed because the store was out of reach.',
    'storeErrors',
  ),
  counted('hotshard_absent_hits_total', 'Reads that were answered by a remembered absence.', 'absentHits'),
  counted(
    'hotshard_stale_hits_total',
    'Reads that were answered by a value past its time, while the store was out of reach.',
    'staleHits',
  ),
  counted('hotshard_invalidations_total', 'Keys that the store said have changed.', 'invalidations'),
  counted(
    'hotshard_epoch_changes_total',
    'Sessions with the store that began. With each, what was cached in the one before it stops being served.',
    'sessions',
  ),
];

const WORKERS: readonly Metric[] = [
  gauge(
    'hotshard_workers',
    'Worker threads, or 1 for the main thread where there are none.',
    ({ state }) => state.workers,
  ),
  counted('hotshard_worker_restarts_total', 'Worker threads that died and were replaced.', 'restarts'),
  counted(
    'hotshard_server_errors_total',
    'Requests over HTTP that were answered with a status from 500 on.',
    'errors',
  ),
  counted(
    'hotshard_eventloop_stalls_total',
    'Periods of some seconds in which the event loop of a worker stood still for a second or longer.',
    'stalls',
  ),
  gauge(
    'hotshard_serving',
    '1 while requests are served normally; 0 while starting, loading or draining.',
    ({ state }) => Number(state.phase === 'serving'),
  ),
  {
    name: 'hotshard_build_info',
    type: 'gauge',
    help: 'Always 1; the label is the version of hotshard.',
    read: () => [{ labels: { version: VERSION }, value: 1 }],
  },
  lag('mean', 'mean'),
  lag('max', 'longest'),
  lag('stddev', 'standard deviation'),
  lag('p50', 'median'),
  lag('p90', '90th percentile'),
  lag('p99', '99th percentile'),
  perWorker('nodejs_heap_size_used_bytes', 'Bytes of the heap of a worker that are used.', 'heapUsed'),
  perWorker('nodejs_heap_size_total_bytes', 'Bytes of the heap of a worker.', 'heapTotal'),
  perWorker(
    'nodejs_external_memory_bytes',
    'Bytes outside the heap that belong to objects of a worker. The shared map may be among them.',
    'external',
  ),
];

export const METRICS: readonly Metric[] = [...REQUESTS, ...MAP, ...STORE, ...WORKERS, ...PROCESS_METRICS];

/** All metrics as they are now. */
export function readMetrics({ map, limit, state, store }: StatsSources): Family[] {
  const readings = { map: map.stats(), usage: limit.usage, state, store: storeStats(state, store) };
  return METRICS.map(({ name, type, help, read }) => {
    const value = read(readings);
    return { name, type, help, samples: typeof value === 'number' ? [{ value }] : value };
  });
}

function counter(name: string, help: string, read: Metric['read']): Metric {
  return { name, type: 'counter', help, read };
}

function gauge(name: string, help: string, read: Metric['read']): Metric {
  return { name, type: 'gauge', help, read };
}

/** A counter that each worker keeps, over all of them. */
function counted(name: string, help: string, of: WorkerCounter): Metric {
  return counter(name, help, ({ state }) => state.total(of));
}

function perWorker(name: string, help: string, figure: RuntimeFigure): Metric {
  return gauge(name, help, ({ state }) =>
    Array.from({ length: state.workers }, (_, worker) => ({
      labels: { worker },
      value: state.runtime.read(worker)[figure],
    })),
  );
}

function lag(figure: RuntimeFigure, words: string): Metric {
  return perWorker(
    `nodejs_eventloop_lag_${figure}_seconds`,
    `How late the event loop of a worker was in the last seconds: ${words}.`,
    figure,
  );
}
