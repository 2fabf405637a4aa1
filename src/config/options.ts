/**
 * The table of the server's options: the one place that says which flags and environment variables there are,
 * what they default to, what they mean and what they allow. Command line, help, messages and documents come
 * from it.
 */
import { z } from 'zod';
import { GUARDS, MAX_MEMORY, MIN_MEMORY } from '../../shards/index.js';
import { type Config, LOG_LEVELS } from './config.js';
import { duration, milliseconds, optional, optionalPath, size, wholeNumber } from './formats.js';
import { isHost, stripBrackets } from './host.js';
import type { Option } from './option.js';
import { effectiveParallelism } from './parallelism.js';
import {
  maskSecrets,
  parseRedisAddress,
  parseRedisCluster,
  REDIS_CLUSTER_FORMAT,
  REDIS_FORMAT,
} from './redis-address.js';
import { REDIS_HOST, REDIS_PORT, redisHost, redisPort } from './redis-variables.js';
import { token, tokenFile } from './token.js';
import { DURATION_FORMAT, SIZE_FORMAT } from './units.js';

/** More requests in flight than this only queue up elsewhere: a higher limit is lowered to it, with a warning. */
export const MAX_CONCURRENCY = 500;

export type Options = {
  readonly [Name in Exclude<keyof Config, 'faults'>]: Option<Config[Name]>;
} & {
  /** Where values of the others may be. */
  readonly config: Option<string | undefined>;
};

/** What shared memory counts in words of 32 bits with a sign. */
const MAX_COUNT = 2 ** 31 - 1;
const MAX_WORKERS = 1024;
const MAX_RATE = 1_000_000;
const MAX_SHARDS = 1024;

/** What Kubernetes puts into a variable that ends in `_PORT`. */
const KUBERNETES_LINK = {
  pattern: /^tcp:\/\//,
  reason: 'Kubernetes sets it for a service of that name; `enableServiceLinks: false` turns that off',
};

export const OPTIONS: Options = {
  port: {
    flag: 'port',
    alias: 'p',
    environment: [{ name: 'HOTSHARD_PORT' }, { name: 'PROXY_PORT' }],
    default: '3000',
    description: 'HTTP port (0 = any free one, logged)',
    allowed: 'a whole number from 0 to 65535',
    schema: wholeNumber(0, 65_535),
    foreign: KUBERNETES_LINK,
  },
  host: {
    flag: 'host',
    environment: [{ name: 'HOTSHARD_HOST' }, { name: 'PROXY_HOST' }],
    default: '127.0.0.1',
    description: "address to bind, IPv4 or IPv6 ('' = all addresses)",
    allowed: "an IPv4 address, an IPv6 address or a host name ('' = all addresses)",
    schema: z
      .string()
      .transform(stripBrackets)
      .refine((host) => host === '' || isHost(host)),
    mayBeEmpty: true,
  },
  concurrencyLimit: {
    flag: 'concurrency-limit',
    alias: 'c',
    environment: [{ name: 'HOTSHARD_CONCURRENCY_LIMIT' }],
    default: '250',
    description: `requests in flight over all workers, at most ${MAX_CONCURRENCY}`,
    allowed: `a whole number from 1 to ${MAX_CONCURRENCY}`,
    schema: wholeNumber(1),
  },
  backlogLimit: {
    flag: 'backlog-limit',
    environment: [{ name: 'HOTSHARD_BACKLOG_LIMIT' }],
    default: '4096',
    description: 'requests that may wait for a place; past it: 503 and Retry-After',
    allowed: `a whole number from 0 to ${MAX_COUNT}`,
    schema: wholeNumber(0, MAX_COUNT),
  },
  workers: {
    flag: 'workers',
    alias: 'w',
    environment: [{ name: 'HOTSHARD_WORKERS' }],
    default: 'auto',
    description: 'worker threads; auto = available parallelism; 0 = serve on the main thread (profiling)',
    allowed: `auto, or a whole number from 0 to ${MAX_WORKERS}`,
    schema: z.union([z.literal('auto').transform(() => effectiveParallelism()), wholeNumber(0, MAX_WORKERS)]),
  },
  maxMemory: {
    flag: 'max-memory',
    environment: [{ name: 'HOTSHARD_MAX_MEMORY' }],
    default: '256mb',
    description: 'memory of the shared map, all of it: index and entries',
    allowed: `${SIZE_FORMAT}, from 64kb to 1024gb`,
    schema: size(MIN_MEMORY, MAX_MEMORY),
  },
  maxKeys: {
    flag: 'max-keys',
    environment: [{ name: 'HOTSHARD_MAX_KEYS' }, { name: 'PROXY_MAX_KEYS' }],
    default: '0',
    description: 'most keys held, 0 = as many as fit',
    allowed: `a whole number from 0 to ${MAX_COUNT} (0 = as many as fit)`,
    schema: wholeNumber(0, MAX_COUNT),
  },
  ttl: {
    flag: 'ttl',
    environment: [{ name: 'HOTSHARD_TTL' }, { name: 'PROXY_TTL_MS', format: milliseconds }],
    default: '0',
    description: 'default time to live: 250ms, 10s, 5m, 1h, 1d; a bare number is seconds, 0 = none',
    allowed: DURATION_FORMAT,
    schema: duration(),
  },
  maxValueSize: {
    flag: 'max-value-size',
    environment: [{ name: 'HOTSHARD_MAX_VALUE_SIZE' }],
    default: '1mb',
    description: 'largest value (by default no more than --max-memory)',
    allowed: `${SIZE_FORMAT}, at least 1`,
    schema: size(1),
  },
  shards: {
    flag: 'shards',
    environment: [{ name: 'HOTSHARD_SHARDS' }],
    default: 'auto',
    description: 'shards of the map',
    allowed: `auto, or a whole number from 1 to ${MAX_SHARDS}`,
    schema: z.union([z.literal('auto').transform(() => undefined), wholeNumber(1, MAX_SHARDS)]),
  },
  redis: {
    flag: 'redis',
    environment: [
      { name: 'HOTSHARD_REDIS' },
      { name: 'REDIS_URL' },
      { name: REDIS_HOST, format: redisHost },
      { name: REDIS_PORT, format: redisPort },
    ],
    default: '',
    description: 'Redis to read and write through: redis://, rediss:// (TLS) or the path of a socket',
    allowed: REDIS_FORMAT,
    schema: optional(parseRedisAddress),
    show: maskSecrets,
  },
  redisCluster: {
    flag: 'redis-cluster',
    environment: [{ name: 'HOTSHARD_REDIS_CLUSTER' }],
    default: '',
    description: 'Redis Cluster instead of one Redis: host:port,host:port,…',
    allowed: REDIS_CLUSTER_FORMAT,
    schema: optional(parseRedisCluster),
    show: maskSecrets,
  },
  redisPrefix: {
    flag: 'redis-prefix',
    environment: [{ name: 'HOTSHARD_REDIS_PREFIX' }],
    default: '',
    description: 'prefix of every key in Redis',
    allowed: 'any text',
    schema: z.string(),
    mayBeEmpty: true,
  },
  staleTtl: {
    flag: 'stale-ttl',
    environment: [{ name: 'HOTSHARD_STALE_TTL' }],
    default: '0',
    description: 'how long past its expiry a value may be served while Redis is out of reach, 0 = not at all',
    allowed: DURATION_FORMAT,
    schema: duration(),
  },
  respPort: {
    flag: 'resp-port',
    environment: [{ name: 'HOTSHARD_RESP_PORT' }],
    default: 'off',
    description: 'port that speaks the Redis protocol (0 = any free one, logged)',
    allowed: 'off, or a whole number from 0 to 65535',
    schema: z.union([z.literal('off').transform(() => undefined), wholeNumber(0, 65_535)]),
    foreign: KUBERNETES_LINK,
  },
  load: {
    flag: 'load',
    environment: [{ name: 'HOTSHARD_LOAD' }],
    default: '',
    description: 'data file to serve, one "key<space>value" a line',
    allowed: 'the path of a file',
    schema: optionalPath(),
  },
  snapshot: {
    flag: 'snapshot',
    environment: [{ name: 'HOTSHARD_SNAPSHOT' }],
    default: '',
    description: 'file the map is written to on shutdown and restored from at start',
    allowed: 'the path of a file, in a directory that is there and can be written to',
    schema: optionalPath(),
  },
  authToken: {
    flag: 'auth-token',
    environment: [{ name: 'HOTSHARD_AUTH_TOKEN' }, { name: 'HOTSHARD_AUTH_TOKEN_FILE', format: tokenFile }],
    default: '',
    description: 'bearer token that HTTP requests must carry, and password for AUTH of the Redis protocol',
    ...token,
  },
  readOnlyToken: {
    flag: 'read-only-token',
    environment: [
      { name: 'HOTSHARD_READ_ONLY_TOKEN' },
      { name: 'HOTSHARD_READ_ONLY_TOKEN_FILE', format: tokenFile },
    ],
    default: '',
    description: 'a token that may read only: a write with it gets 403, or NOPERM in the Redis protocol',
    ...token,
  },
  rateLimit: {
    flag: 'rate-limit',
    environment: [{ name: 'HOTSHARD_RATE_LIMIT' }],
    default: '0',
    description: 'requests per second and client address, 0 = no limit; past it: 429',
    allowed: `a whole number from 0 to ${MAX_RATE} (0 = no limit)`,
    schema: wholeNumber(0, MAX_RATE),
  },
  tlsCert: {
    flag: 'tls-cert',
    environment: [{ name: 'HOTSHARD_TLS_CERT' }],
    default: '',
    description: 'certificate (PEM, with those between it and its root): HTTPS and HTTP/2 by ALPN',
    allowed: 'the path of a file with a certificate in PEM',
    schema: optionalPath(),
  },
  tlsKey: {
    flag: 'tls-key',
    environment: [{ name: 'HOTSHARD_TLS_KEY' }],
    default: '',
    description: 'private key of the certificate (PEM, without a passphrase)',
    allowed: 'the path of a file with the private key of the certificate, in PEM and without a passphrase',
    schema: optionalPath(),
  },
  guard: {
    flag: 'guard',
    environment: [{ name: 'HOTSHARD_GUARD' }],
    default: 'lock-free',
    description: 'how reads of the map are protected: lock-free, or lock (a lock per shard, for comparison)',
    allowed: GUARDS.join(' or '),
    schema: z.enum(GUARDS),
  },
  fastLane: {
    flag: 'fast-lane',
    environment: [{ name: 'HOTSHARD_FAST_LANE' }],
    default: 'on',
    description: 'on, or off: every HTTP request is answered by the Hapi server',
    allowed: 'on or off',
    schema: z.enum(['on', 'off']).transform((text) => text === 'on'),
  },
  config: {
    flag: 'config',
    environment: [{ name: 'HOTSHARD_CONFIG' }],
    default: '',
    description: 'JSON file of values by long flag names; flags and variables win over it',
    allowed: 'the path of a file with a JSON object of long flag names',
    schema: optionalPath(),
  },
  logLevel: {
    flag: 'log-level',
    environment: [{ name: 'HOTSHARD_LOG_LEVEL' }],
    default: 'info',
    description: `${LOG_LEVELS.join(', ')}; logs are JSON lines, readable when the terminal is a TTY`,
    allowed: `one of ${LOG_LEVELS.join(', ')}`,
    schema: z.enum(LOG_LEVELS),
  },
};
