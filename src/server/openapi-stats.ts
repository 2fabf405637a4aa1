/** The form of `/stats`, for the OpenAPI document. Types see to it that it has every counter that there is. */
import { z } from 'zod';
import { type Phase, WORKER_COUNTERS, type WorkerCounter } from '../telemetry/process-state.js';
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

const PHASES = ['starting', 'loading', 'serving', 'draining'] as const satisfies readonly Phase[];

export const statsSchema: z.ZodType<Stats> = z
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
    memory: z
      .strictObject({ rss: bytes, heapTotal: bytes, heapUsed: bytes, external: bytes, arrayBuffers: bytes })
      .meta({ description: 'Bytes: `rss` of the process, the rest of the thread that answered.' }),
    workers: z.array(z.strictObject({ worker: count, ...workerCounters })),
    limits: z.strictObject({
      inFlight: count,
      waiting: count,
      concurrencyLimit: count,
      backlogLimit: count,
    }),
    shards: z.array(z.strictObject(shardCounters)),
  })
  .meta({ title: 'Stats', description: 'Counters since the start of the process, of all workers together.' });
