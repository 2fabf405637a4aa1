/** What stands behind the map: which of several sources names it, and what is said of those that do not count. */
import { test } from 'tap';
import { UsageError } from '../../src/config/errors.js';
import { type Environment, type Flags, type LoadedConfig, loadConfig } from '../../src/config/load.js';
import type { RedisAddress } from '../../src/config/redis-address.js';

function redisAt(host: string, port: number): RedisAddress {
  return { host, port, tls: false, database: 0 };
}

function redisOf(environment: Environment, flags: Flags = {}): RedisAddress | undefined {
  return loadConfig(flags, environment).config.redis;
}

/** The message of the error that flags and variables cause; empty when they cause none. */
function complaint(flags: Flags, environment: Environment = {}): string {
  try {
    loadConfig(flags, environment);
    return '';
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

/** Which of the three there is, and the warnings. */
function chosen({ config, warnings }: LoadedConfig): readonly [stores: string, ...warnings: string[]] {
  const names = (['redis', 'redisCluster', 'load'] as const).filter((name) => config[name] !== undefined);
  return [names.join(), ...warnings];
}

test('the variables of an earlier caching proxy give the same server', async (t) => {
  const environment = {
    ...{ REDIS_HOST: 'redis', REDIS_PORT: '6380', PROXY_PORT: '8080' },
    ...{ PROXY_MAX_KEYS: '1000', PROXY_TTL_MS: '10000' },
  };
  const { config, warnings } = loadConfig({}, environment);
  t.match(config, { redis: redisAt('redis', 6380), port: 8080, maxKeys: 1000, ttl: 10_000 });
  t.strictSame(warnings, []);
});

test('--redis wins over HOTSHARD_REDIS, that over REDIS_URL, and that over REDIS_HOST and REDIS_PORT', async (t) => {
  const pair = { REDIS_HOST: 'd', REDIS_PORT: '4' };
  const url = { REDIS_URL: 'redis://c:3', ...pair };
  const own = { HOTSHARD_REDIS: 'redis://b:2', ...url };
  t.strictSame(redisOf(own, { redis: 'redis://a:1' }), redisAt('a', 1));
  t.strictSame(redisOf(own), redisAt('b', 2));
  t.strictSame(redisOf(url), redisAt('c', 3));
  t.strictSame(redisOf(pair), redisAt('d', 4));
  t.strictSame(redisOf({ ...url, HOTSHARD_REDIS: '' }), redisAt('c', 3), 'empty is unset');
  t.strictSame(redisOf({ ...pair, REDIS_URL: '' }), redisAt('d', 4));
  t.strictSame(redisOf({ ...url, REDIS_PORT: 'bad', REDIS_HOST: '-' }), redisAt('c', 3), 'not looked at');
});

test('of host and port either can be absent', async (t) => {
  t.strictSame(redisOf({ REDIS_HOST: 'h' }), redisAt('h', 6379));
  t.strictSame(redisOf({ REDIS_HOST: 'h', REDIS_PORT: '' }), redisAt('h', 6379));
  t.strictSame(redisOf({ REDIS_HOST: '[::1]', REDIS_PORT: '7000' }), redisAt('::1', 7000));
  t.strictSame(redisOf({ REDIS_PORT: '7000' }), redisAt('127.0.0.1', 7000));
  t.strictSame(redisOf({ REDIS_HOST: '', REDIS_PORT: '7000' }), redisAt('127.0.0.1', 7000));
});

test('what Kubernetes sets for a service called redis gives host and port', async (t) => {
  const injected = { REDIS_PORT: 'tcp://10.0.0.3:6380', REDIS_SERVICE_HOST: '10.0.0.3' };
  t.strictSame(redisOf(injected), redisAt('10.0.0.3', 6380));
  t.strictSame(
    redisOf({ ...injected, REDIS_HOST: 'redis' }),
    redisAt('redis', 6380),
    'REDIS_HOST names the host',
  );
  t.strictSame(loadConfig({}, injected).warnings, []);
});

test('what Kubernetes sets for services called hotshard-redis and hotshard-redis-cluster is foreign', async (t) => {
  const injected = Object.fromEntries(
    ['HOTSHARD_REDIS', 'HOTSHARD_REDIS_CLUSTER'].flatMap((name) => [
      [`${name}_PORT`, 'tcp://10.0.0.3:6379'],
      [`${name}_SERVICE_HOST`, '10.0.0.3'],
      [`${name}_PORT_6379_TCP_ADDR`, '10.0.0.3'],
    ]),
  );
  t.strictSame(loadConfig({}, injected), loadConfig({}, {}));
});

test('a bad part is reported by its own variable', async (t) => {
  t.equal(
    complaint({}, { REDIS_HOST: 'h', REDIS_PORT: 'x' }),
    'bad value "x" for REDIS_PORT (--redis): must be a whole number from 1 to 65535, or tcp://host:port',
  );
  t.match(complaint({}, { REDIS_PORT: '0' }), /^bad value "0" for REDIS_PORT/);
  t.match(
    complaint({}, { REDIS_HOST: 'h:1', REDIS_PORT: '1' }),
    /^bad value "h:1" for REDIS_HOST .* host name$/,
  );
  t.match(complaint({}, { REDIS_URL: 'h' }), /^bad value "h" for REDIS_URL \(--redis\): must be redis:\/\//);
});

test('no message holds a password', async (t) => {
  const secret = 'hush';
  for (const text of [
    `redis://:${secret}@h:x`,
    `redis://u:${secret}@h?db=x`,
    `redis://:${secret}`,
    `u:${secret}@h`,
  ]) {
    for (const message of [
      complaint({ redis: text }),
      complaint({ 'redis-cluster': text }),
      ...['HOTSHARD_REDIS', 'REDIS_URL', 'REDIS_HOST', 'REDIS_PORT', 'HOTSHARD_REDIS_CLUSTER'].map((name) =>
        complaint({}, { [name]: text }),
      ),
    ]) {
      t.match(message, /^bad value ".*\*\*\*.*" for /, text);
      t.notMatch(message, secret);
    }
  }
  const good = `redis://:${secret}@h:7000`;
  t.notMatch(complaint({ redis: good, load: 'data' }), secret);
  t.notMatch(loadConfig({ load: 'data' }, { REDIS_URL: good }).warnings.join(), secret);
});

test('two things behind the map, named in one place, exclude each other', async (t) => {
  const redis = 'redis://h';
  t.equal(
    complaint({ redis, 'redis-cluster': 'h:1' }),
    '--redis and --redis-cluster exclude each other: must be one of them',
  );
  t.match(complaint({ redis, load: 'data' }), /^--redis and --load exclude/);
  t.match(complaint({ 'redis-cluster': 'h:1', load: 'data' }), /^--redis-cluster and --load exclude/);
  t.equal(
    complaint({}, { HOTSHARD_REDIS: redis, HOTSHARD_REDIS_CLUSTER: 'h:1' }),
    'HOTSHARD_REDIS (--redis) and HOTSHARD_REDIS_CLUSTER (--redis-cluster) exclude each other: must be one of them',
  );
  t.match(complaint({}, { HOTSHARD_REDIS: redis, HOTSHARD_LOAD: 'data' }), /exclude each other/);
});

test('named in different places the stronger one counts, and a warning says so', async (t) => {
  const cluster = { 'redis-cluster': 'h:1' };
  t.strictSame(chosen(loadConfig(cluster, { REDIS_HOST: 'h' })), [
    'redisCluster',
    'REDIS_HOST is ignored: --redis-cluster is given',
  ]);
  t.strictSame(
    chosen(loadConfig({ load: 'data' }, { HOTSHARD_REDIS_CLUSTER: 'h:1', REDIS_URL: 'redis://h' })),
    ['load', 'HOTSHARD_REDIS_CLUSTER is ignored: --load is given', 'REDIS_URL is ignored: --load is given'],
  );
  t.strictSame(chosen(loadConfig({ redis: 'redis://h' }, { HOTSHARD_LOAD: 'data' })), [
    'redis',
    'HOTSHARD_LOAD is ignored: --redis is given',
  ]);
  t.strictSame(chosen(loadConfig({}, { HOTSHARD_REDIS_CLUSTER: 'h:1', REDIS_PORT: '7000' })), [
    'redisCluster',
    'REDIS_PORT is ignored: HOTSHARD_REDIS_CLUSTER is given',
  ]);
  t.strictSame(
    chosen(loadConfig(cluster, { REDIS_URL: 'bad' }))[0],
    'redisCluster',
    'one that does not count is not looked at',
  );
  t.match(
    complaint(cluster, { HOTSHARD_REDIS: 'redis://h', HOTSHARD_LOAD: 'data' }),
    '',
    'nor are weaker pairs',
  );
});

test('a stale TTL without a Redis is told to have no effect', async (t) => {
  const warnings = (flags: Flags, environment: Environment = {}) => loadConfig(flags, environment).warnings;
  const line = 'has no effect: there is no --redis or --redis-cluster to be out of reach';
  t.strictSame(warnings({ 'stale-ttl': '5s' }), [`--stale-ttl ${line}`]);
  t.strictSame(warnings({ load: 'data' }, { HOTSHARD_STALE_TTL: '5s' }), [
    `HOTSHARD_STALE_TTL (--stale-ttl) ${line}`,
  ]);
  t.strictSame(warnings({ 'stale-ttl': '0' }), []);
  t.strictSame(warnings({ 'stale-ttl': '5s', redis: 'redis://h' }), []);
  t.strictSame(warnings({ 'stale-ttl': '5s', 'redis-cluster': 'h:1' }), []);
});

test('a prefix can be empty, so that a flag can take back what a variable gives', async (t) => {
  const environment = { HOTSHARD_REDIS_PREFIX: 'app:' };
  t.equal(loadConfig({}, environment).config.redisPrefix, 'app:');
  t.equal(loadConfig({ 'redis-prefix': '' }, environment).config.redisPrefix, '');
});

test('addresses can be posted to worker threads', async (t) => {
  for (const flags of [
    { redis: 'rediss://u:p@h/1' },
    { redis: '/run/x.sock' },
    { 'redis-cluster': 'redis://:p@h:1' },
  ]) {
    const { config } = loadConfig(flags, {});
    t.strictSame(structuredClone(config), config);
  }
});
