/** The form of `/stats`, for the OpenAPI document. Types see to it that it has every counter that there is. */
import { z } from 'zod';
import type { HotKeysReport } from '../telemetry/hot-keys.js';
import { type Phase, WORKER_COUNTERS, type WorkerCounter } from '../telemetry/process-state.js';
import type { Protocol } from '../telemetry/requests.js';
import type { Stats } from '../telemetry/stats.js';

const count = z.int().min(0);
const bytes = z.int().min(0);

const workerCounters = Object.fromEntries(WORKER_COUNTERS.map((counter) => [counter, count])) as Record<
  WorkerCounter,
  typeof count
>;

/** What a shard has as well as the whole map. */
const shardCounters = {
  keys: count.meta({ description: 'Keys that have a value.' }),
  hidden: count.meta({ description: 'Entries that are no values, such as remembered absences.' }),
  bytesUsed: bytes.meta({ description: 'Bytes of entries that can be read.' }),
  bytesMax: bytes.meta({ description: 'Bytes set aside.' }),
  evictions: count,
  expirations: count,
};

const milliseconds = z.number().min(0);
const estimate = milliseconds.nullable();

const eventLoopLag = z
  .strictObject({
    mean: milliseconds,
    max: milliseconds,
    p50: milliseconds,
    p90: milliseconds,
    p99: milliseconds,
  })
  .meta({ description: 'How late its event loop was in the last seconds, in milliseconds.' });

function byProtocol<Schema extends z.ZodType>(schema: Schema) {
  return z.strictObject({ http1: schema, http2: schema, resp: schema } satisfies Record<Protocol, Schema>);
}

const PHASES = ['starting', 'loading', 'serving', 'draining'] as const satisfies readonly Phase[];

const share = z.number().min(0).max(1);

export const statsSchema: z.ZodType<Stats & Partial<HotKeysReport>> = z
  .strictObject({
    uptime: z.number().min(0).meta({ description: 'Seconds since the process came up.' }),
    version: z.string(),
    pid: z.int().min(1),
    node: z.string().meta({ description: 'Version of Node.js.' }),
    phase: z.enum(PHASES),
    worker: count.meta({ description: 'The worker that answered, from 0.' }),
    hits: count,
    misses: count,
    sets: count,
    deletes: count,
    ...shardCounters,
    hitRatio: z.number().min(0).max(1).meta({ description: 'Share of reads that found a value.' }),
    requests: byProtocol(count).meta({ description: 'Answered, by protocol.' }),
    latency: byProtocol(z.strictObject({ p50: estimate, p90: estimate, p99: estimate })).meta({
      description: 'Milliseconds that requests took, estimated from a histogram; null before the first.',
    }),
    store: z
      .strictObject({
        kind: z.enum(['none', 'redis', 'redis-cluster', 'file']),
        up: z
          .boolean()
          .nullable()
          .meta({ description: 'Whether every worker has a connection that answers.' }),
        links: count.meta({ description: 'Connections that answer, of all workers.' }),
        sessions: count.meta({ description: 'Sessions that began.' }),
      })
      .meta({ description: 'What stands behind the map.' }),
    memory: z
      .strictObject({ rss: bytes, heapTotal: bytes, heapUsed: bytes, external: bytes, arrayBuffers: bytes })
      .meta({ description: 'Bytes: `rss` of the process, the rest of the thread that answered.' }),
    workers: z.array(z.strictObject({ worker: count, ...workerCounters, eventLoopLag })),
    limits: z.strictObject({
      inFlight: count,
      waiting: count,
      concurrencyLimit: count,
      backlogLimit: count,
    }),
    shards: z.array(z.strictObject(shardCounters)),
    hot: z
      .array(
        z.strictObject({
          key: z.string().meta({ description: 'Bytes that are not UTF-8 are shown as U+FFFD.' }),
          share: share.meta({ description: 'Of all accesses.' }),
          count: count.meta({ description: 'Accesses, estimated; reads and writes together.' }),
          error: count.meta({
            description: 'By how much `count` may be too large, beside the error of sampling.',
          }),
        }),
      )
      .exactOptional()
      .meta({ description: 'Only for `?hot`: the keys that are accessed most.' }),
    hotSampling: z
      .strictObject({
        seconds: z.number().min(0).meta({ description: 'That `hot` tells of.' }),
        samples: count.meta({ description: 'Accesses noted: one of `gap`, on average.' }),
        gap: count,
        workers: count.meta({ description: 'That have answered.' }),
      })
      .exactOptional()
      .meta({ description: 'Only for `?hot`: how `hot` came about.' }),
  })
  .meta({ title: 'Stats', description: 'Counters since the start of the process, of all workers together.' });
