/** Puts together what a worker's servers ask: the map alone, or with the store behind it that the configuration names. */
import type { Logger } from 'pino';
import type { SharedCache } from '../../shards/index.js';
import type { Config } from '../config/config.js';
import type { ProcessState } from '../telemetry/process-state.js';
import type { Bell } from './bell.js';
import { CoherentCache } from './coherent.js';
import { withFaults } from './faults.js';
import { FileStore, type FileStoreHandle } from './file-store.js';
import { LoadedCache } from './loaded.js';
import { LocalCache } from './local.js';
import { ReadThrough } from './read-through.js';
import type { Sessions } from './sessions.js';
import type { ImmediateCache, SettlingCache, WorkerCache } from './tiered.js';
import type { Turn } from './turnstile.js';

export interface TierParts {
  readonly config: Config;
  readonly map: SharedCache;
  readonly sessions: Sessions;
  readonly bell: Bell;
  readonly state: ProcessState;
  /** From 0. */
  readonly worker: number;
  /** The worker's. */
  readonly turn: Turn;
  readonly logger: Logger;
  /** The data file behind the map, if there is one. */
  readonly file: FileStoreHandle | undefined;
}

export interface Tier {
  readonly cache: WorkerCache;
  /** Begins to connect to the store, if there is one. */
  start(): void;
  /** Lets go of the store. */
  stop(): void;
}

export async function openTier(parts: TierParts): Promise<Tier> {
  const { redis, redisCluster } = parts.config;
  if (redis === undefined && redisCluster === undefined) {
    const cache = withoutRedis(parts);
    return { cache, start: () => {}, stop: () => {} };
  }
  return await withRedis(parts);
}

async function withRedis(parts: TierParts): Promise<Tier> {
  // Only where there is a Redis: its client takes a tenth of the time that a worker takes to start.
  const { redisStore } = await import('./redis/store.js');
  const { config, map, sessions, bell, state, worker, logger } = parts;
  let cache: CoherentCache | undefined;
  const redis = redisStore({
    config,
    sessions,
    entries: map.entries,
    worker,
    logger,
    onInvalidated: (keys) => state.count(worker, 'invalidations', keys),
    // Nothing is told before the store is started.
    onEcho: (key) => cache?.refresh(key),
    onConnected: () => sessions.countConnected(worker),
    onSession: () => state.count(worker, 'sessions'),
    onReachable: (isReachable) => state.count(worker, 'storeLinks', isReachable ? 1 : -1),
    dropTracking: config.faults?.dropTracking,
  });
  const store = withFaults(redis, config.faults);
  const { ttl, staleTtl, maxValueSize } = config;
  // Without the turn: commands over several keys are Redis's here, and the map is never anybody's alone.
  cache = new CoherentCache({ map, sessions, bell, state, worker, store, ttl, staleTtl, maxValueSize });
  return { cache, start: () => store.start(), stop: () => store.stop() };
}

function withoutRedis(parts: TierParts): SettlingCache & ImmediateCache {
  const { config, file: handle, map, sessions, state, turn, worker, logger } = parts;
  const local = new LocalCache(map, state, turn);
  if (handle === undefined) return local;
  const { ttl, maxValueSize } = config;
  // Ends with this thread, and with it the leases that it leaves behind.
  const session = sessions.begin(worker);
  const file = new FileStore(handle, { state, logger, maxValueSize, session });
  const reads = new ReadThrough({
    ...parts,
    store: withFaults(file, config.faults),
    ttl,
    maxValueSize,
    staleTtl: 0,
  });
  return new LoadedCache({ file, reads, local, state, turn });
}
