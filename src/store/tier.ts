/** Puts together what a worker's servers ask: the map alone, or with the store behind it that the configuration names. */
import type { Logger } from 'pino';
import type { SharedCache } from '../../shards/index.js';
import type { Config } from '../config/config.js';
import type { ProcessState } from '../telemetry/process-state.js';
import type { Bell } from './bell.js';
import { CoherentCache } from './coherent.js';
import { LocalCache } from './local.js';
import { redisStore } from './redis/store.js';
import type { Sessions } from './sessions.js';
import type { TieredCache } from './tiered.js';

export interface TierParts {
  readonly config: Config;
  readonly map: SharedCache;
  readonly sessions: Sessions;
  readonly bell: Bell;
  readonly state: ProcessState;
  /** From 0. */
  readonly worker: number;
  readonly logger: Logger;
}

export interface Tier {
  readonly cache: TieredCache;
  /** Begins to connect to the store, if there is one. */
  start(): void;
  /** Lets go of the store. */
  stop(): void;
}

export function openTier(parts: TierParts): Tier {
  const { config, map, sessions, state, worker, logger } = parts;
  const store = redisStore({
    config,
    sessions,
    entries: map.entries,
    worker,
    logger,
    onInvalidated: (keys) => state.count(worker, 'invalidations', keys),
    onConnected: () => sessions.countConnected(worker),
  });
  if (store === undefined) {
    return { cache: new LocalCache(map, state), start: () => {}, stop: () => {} };
  }
  const { ttl, staleTtl, maxValueSize } = config;
  const cache = new CoherentCache({ ...parts, store, ttl, staleTtl, maxValueSize });
  return { cache, start: () => store.start(), stop: () => store.stop() };
}
