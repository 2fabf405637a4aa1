/** Redis, or a Redis Cluster, as the store behind the map, as the configuration has it. */
import type { Config } from '../../config/config.js';
import type { RedisAddress, RedisNode } from '../../config/redis-address.js';
import { type BackingStore, StoreUnavailableError, type WatchLink } from '../backing-store.js';
import { RedisCluster } from './cluster.js';
import { RETRY_AFTER } from './errors.js';
import { FollowedCommands, type Guide } from './followed.js';
import { type LinkParts, RedisLink } from './link.js';
import type { Credentials } from './socket.js';
import { nameOf } from './topology.js';
import { WatchPool } from './watch-pool.js';

/** A store that is connected to. */
export interface RemoteStore extends BackingStore {
  start(): void;
  stop(): void;
}

export interface RedisStoreParts extends Omit<LinkParts, 'name' | 'connection'> {
  readonly config: Pick<Config, 'redis' | 'redisCluster' | 'redisPrefix'>;
}

/** The store that is configured: there must be one. */
export function redisStore({ config, ...parts }: RedisStoreParts): RemoteStore {
  const { redis, redisCluster = [], redisPrefix: prefix } = config;
  if (redis !== undefined) return new SingleRedis(redis, prefix, parts);
  const [first] = redisCluster;
  if (first === undefined) throw new TypeError('there is no Redis in the configuration');
  const seeds = redisCluster.map(({ host, port }) => nameOf(host, port));
  return new RedisCluster({ ...parts, seeds, credentials: credentialsOf(first), prefix });
}

/** Nobody knows where else a key may be: for a node of a cluster that was taken for a Redis of its own. */
const ALONE: Guide = {
  moved: refuseCluster,
  importing: refuseCluster,
  unsettled: refuseCluster,
  doubt: () => {},
};

function refuseCluster(): never {
  throw new StoreUnavailableError('Redis is a node of a cluster: it takes --redis-cluster', RETRY_AFTER);
}

class SingleRedis implements RemoteStore {
  readonly #name: string;
  readonly #link: RedisLink;
  readonly #watches: WatchPool;

  constructor(address: RedisAddress, prefix: string, parts: Omit<LinkParts, 'name' | 'connection'>) {
    const place = 'path' in address ? { path: address.path } : { host: address.host, port: address.port };
    this.#name = 'path' in address ? address.path : nameOf(address.host, address.port);
    const { database } = address;
    const connection = { address: { ...place, ...credentialsOf(address) }, database, prefix };
    this.#link = new RedisLink({ ...parts, name: this.#name, connection });
    this.#watches = new WatchPool({ connection, name: this.#name, guide: ALONE });
  }

  start(): void {
    this.#link.start();
  }

  stop(): void {
    this.#link.stop();
    this.#watches.close();
  }

  linkFor(): FollowedCommands {
    return new FollowedCommands(this.#link.connection.keys, this.#name, ALONE);
  }

  areTogether(): boolean {
    return true;
  }

  async openWatch(): Promise<WatchLink> {
    if (!this.#link.isReachable) this.linkFor();
    return await this.#watches.open();
  }

  /** Absences are remembered in the map. */
  lacks(): boolean {
    return false;
  }
}

function credentialsOf({ username, password, tls }: RedisAddress | RedisNode): Credentials {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  };
}
