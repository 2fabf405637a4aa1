/**
 * What all workers have in common: made once by the supervisor, attached to by every worker. A new thing in
 * shared memory is added here and nowhere else between the supervisor and the server.
 */
import { type CacheHandle, type CacheOptions, SharedCache } from '../../shards/index.js';
import { CounterBase, type CounterBaseHandle } from '../commands/counter-base.js';
import { SharedClients, type SharedClientsHandle } from '../commands/shared-clients.js';
import type { Config } from '../config/config.js';
import { ConcurrencyLimit, type ConcurrencyLimitHandle } from '../limits/concurrency.js';
import { RateLimit, type RateLimitHandle } from '../limits/rate.js';
import { Bell, type BellHandle } from '../store/bell.js';
import type { FileStoreHandle } from '../store/file-store.js';
import { Sessions, type SessionsHandle } from '../store/sessions.js';
import { Turnstile, type TurnstileHandle } from '../store/turnstile.js';
import { Watches, type WatchesHandle } from '../store/watches.js';
import { ProcessState, type ProcessStateHandle } from '../telemetry/process-state.js';

/** Reports a second and client, where there is a rate limit: what they cost does not depend on what the limit is. */
const REPORT_RATE = 10;

/** Clients of them that are remembered. */
const REPORT_CLIENTS = 4096;

/** Undefined, where they are: requests are not limited. Each thread attaches to them. */
export interface RateLimitHandles {
  readonly requests: RateLimitHandle;
  /** Of `/stats` and `/metrics`, beside the other one. */
  readonly reports: RateLimitHandle;
}

export interface Shared {
  readonly map: SharedCache;
  readonly state: ProcessState;
  /** Each worker attaches to it as itself. */
  readonly limit: ConcurrencyLimitHandle;
  readonly rates: RateLimitHandles | undefined;
  readonly sessions: Sessions;
  readonly bell: Bell;
  /** Each worker has its turn. */
  readonly turnstile: Turnstile;
  /** Told of what each thread writes to the map. */
  readonly watches: Watches;
  /** Clients of the Redis protocol. */
  readonly clients: SharedClients;
  readonly counterBase: CounterBase;
  /** The data file behind the map; undefined when there is none, or it can only be read once. */
  readonly file: FileStoreHandle | undefined;
}

/** Structured-cloneable: what a worker thread attaches to. */
export interface SharedHandles {
  readonly map: CacheHandle;
  readonly state: ProcessStateHandle;
  readonly limit: ConcurrencyLimitHandle;
  readonly rates: RateLimitHandles | undefined;
  readonly sessions: SessionsHandle;
  readonly bell: BellHandle;
  readonly turnstile: TurnstileHandle;
  readonly watches: WatchesHandle;
  readonly clients: SharedClientsHandle;
  readonly counterBase: CounterBaseHandle;
  readonly file: FileStoreHandle | undefined;
}

/** What the configuration says of the map. */
export function mapOptions(config: Config): CacheOptions {
  return {
    maxMemory: config.maxMemory,
    maxKeys: config.maxKeys,
    maxValueSize: config.maxValueSize,
    ttl: config.ttl,
    guard: config.guard,
    ...(config.shards === undefined ? {} : { shards: config.shards }),
  };
}

/**
 * @param map absent: an empty one
 * @throws {RangeError} when the map can't be made as the configuration says
 */
export function createShared(
  config: Config,
  map = SharedCache.create(mapOptions(config)),
  file?: FileStoreHandle,
): Shared {
  const workers = Math.max(1, config.workers);
  const { concurrencyLimit, backlogLimit } = config;
  const watches = Watches.create(workers);
  map.observeWrites(watches);
  return {
    map,
    state: ProcessState.create(workers),
    limit: ConcurrencyLimit.create({ concurrencyLimit, backlogLimit, workers }),
    rates: createRates(config.rateLimit),
    sessions: Sessions.create(),
    bell: Bell.create(),
    turnstile: Turnstile.create(workers),
    watches,
    clients: SharedClients.create(workers),
    counterBase: CounterBase.create(),
    file,
  };
}

function createRates(rate: number): RateLimitHandles | undefined {
  if (rate === 0) return undefined;
  return {
    requests: RateLimit.create({ rate }),
    reports: RateLimit.create({ rate: REPORT_RATE, clients: REPORT_CLIENTS }),
  };
}

export function handlesOf(shared: Shared): SharedHandles {
  const { map, state, limit, rates, sessions, bell, turnstile, watches, clients, counterBase, file } = shared;
  return {
    map: map.handle,
    state: state.handle,
    limit,
    rates,
    sessions: sessions.handle,
    bell: bell.handle,
    turnstile: turnstile.handle,
    watches: watches.handle,
    clients: clients.handle,
    counterBase: counterBase.handle,
    file,
  };
}

export function attachShared(handles: SharedHandles): Shared {
  const { state, limit, rates, sessions, bell, turnstile, clients, counterBase, file } = handles;
  const map = SharedCache.attach(handles.map);
  const watches = Watches.attach(handles.watches);
  map.observeWrites(watches);
  return {
    map,
    state: ProcessState.attach(state),
    limit,
    rates,
    sessions: Sessions.attach(sessions),
    bell: Bell.attach(bell),
    turnstile: Turnstile.attach(turnstile),
    watches,
    clients: SharedClients.attach(clients),
    counterBase: CounterBase.attach(counterBase),
    file,
  };
}
