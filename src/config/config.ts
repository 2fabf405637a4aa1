/**
 * The configuration of a server, resolved and checked: what the rest of the program sees of flags and
 * environment. It is made once, at the start, and is plain data, so that it can be posted to worker threads.
 */

import type { Guard } from '../../shards/index.js';
import type { Faults } from './faults.js';
import type { RedisAddress, RedisNode } from './redis-address.js';

export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Config {
  /** TCP port for HTTP; 0 = any free one. */
  readonly port: number;
  /** Address to bind; empty = all addresses, IPv4 and IPv6. */
  readonly host: string;
  /** Requests in flight over all workers, 1 to 500. */
  readonly concurrencyLimit: number;
  /** Requests that may wait for a place. */
  readonly backlogLimit: number;
  /** Worker threads; 0 = serve on the main thread. */
  readonly workers: number;
  /** Bytes of the shared map, all of it. */
  readonly maxMemory: number;
  /** Most keys held; 0 = as many as fit. */
  readonly maxKeys: number;
  /** Default time to live in milliseconds; 0 = none. */
  readonly ttl: number;
  /** Largest value in bytes. */
  readonly maxValueSize: number;
  /** Shards of the map; `undefined` = as the map thinks best. */
  readonly shards: number | undefined;
  /** The Redis behind the map. At most one of this, `redisCluster` and `load` is set. */
  readonly redis: RedisAddress | undefined;
  /** Nodes by which the Redis Cluster behind the map is found, with the same credentials and TLS in all. */
  readonly redisCluster: readonly RedisNode[] | undefined;
  /** What stands before every key in Redis; empty = nothing. */
  readonly redisPrefix: string;
  /** Milliseconds past its expiry that a value may be served while Redis is out of reach; 0 = not at all. */
  readonly staleTtl: number;
  /** TCP port for the Redis protocol, 0 = any free one; undefined: it is not spoken. */
  readonly respPort: number | undefined;
  /** What clients must show to be served; undefined: nothing. */
  readonly authToken: string | undefined;
  /** The same for clients that may read only. */
  readonly readOnlyToken: string | undefined;
  /** Requests per second and client address; 0 = no limit. */
  readonly rateLimit: number;
  /** Path of a data file to serve. */
  readonly load: string | undefined;
  /** Path of the file that the map is written to at the end and restored from at the start. */
  readonly snapshot: string | undefined;
  /** Paths of certificate and private key, in PEM; both, or neither = no TLS. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** How reads of the map are protected. */
  readonly guard: Guard;
  /** Whether the hot requests are answered on the raw socket, beside the Hapi server. */
  readonly fastLane: boolean;
  readonly logLevel: LogLevel;
  /** What goes wrong on purpose; absent: nothing. */
  readonly faults?: Faults | undefined;
}
