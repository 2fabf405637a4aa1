/** Which source of a value counts, what is allowed, and how a bad value is reported. */
import { test } from 'tap';
import type { Config } from '../../src/config/config.js';
import { UsageError } from '../../src/config/errors.js';
import { type Environment, type Flags, loadConfig } from '../../src/config/load.js';
import { OPTIONS } from '../../src/config/options.js';
import { effectiveParallelism } from '../../src/config/parallelism.js';
import type { RedisAddress, RedisNode } from '../../src/config/redis-address.js';

const KB = 1024;
const MB = 1024 * KB;

function node(host: string, port: number): RedisNode {
  return { host, port, tls: false };
}

function redisAt(host: string, port: number): RedisAddress {
  return { ...node(host, port), database: 0 };
}

/** The message of the error that a value causes; empty when it causes none. */
function complaint(flags: Flags, environment: Environment = {}): string {
  try {
    loadConfig(flags, environment);
    return '';
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

test('without flags and variables the defaults of the contract hold', async (t) => {
  const { config, warnings } = loadConfig({}, {});
  t.strictSame(config, {
    port: 3000,
    host: '127.0.0.1',
    concurrencyLimit: 250,
    backlogLimit: 4096,
    workers: effectiveParallelism(),
    maxMemory: 256 * MB,
    maxKeys: 0,
    ttl: 0,
    maxValueSize: MB,
    shards: undefined,
    redis: undefined,
    redisCluster: undefined,
    redisPrefix: '',
    staleTtl: 0,
    load: undefined,
    snapshot: undefined,
    tlsCert: undefined,
    tlsKey: undefined,
    guard: 'lock-free',
    fastLane: true,
    respPort: undefined,
    authToken: undefined,
    readOnlyToken: undefined,
    rateLimit: 0,
    logLevel: 'info',
  } satisfies Config);
  t.strictSame(warnings, []);
  t.ok(Object.isFrozen(config), 'nobody can change it later');
  t.strictSame(structuredClone(config), config, 'it can be posted to worker threads');
});

test('every option is read from its flag and from each of its variables', async (t) => {
  const given: readonly [name: Exclude<keyof Config, 'faults'>, text: string, value: Config[keyof Config]][] =
    [
      ['port', '8080', 8080],
      ['host', '::1', '::1'],
      ['concurrencyLimit', '7', 7],
      ['backlogLimit', '0', 0],
      ['workers', '3', 3],
      ['maxMemory', '64mb', 64 * MB],
      ['maxKeys', '1000', 1000],
      ['ttl', '1500', 1_500_000],
      ['maxValueSize', '2kb', 2 * KB],
      ['shards', '16', 16],
      ['redis', 'redis://h:7000', redisAt('h', 7000)],
      ['redisCluster', 'a:7000,b:7001', [node('a', 7000), node('b', 7001)]],
      ['redisPrefix', 'app:', 'app:'],
      ['staleTtl', '30', 30_000],
      ['load', 'data.txt', 'data.txt'],
      ['snapshot', 'map.snapshot', 'map.snapshot'],
      ['tlsCert', 'cert.pem', 'cert.pem'],
      ['tlsKey', 'key.pem', 'key.pem'],
      ['guard', 'lock', 'lock'],
      ['fastLane', 'off', false],
      ['respPort', '6379', 6379],
      ['authToken', 'secret', 'secret'],
      ['readOnlyToken', 'look', 'look'],
      ['rateLimit', '100', 100],
      ['logLevel', 'trace', 'trace'],
    ];
  const names: readonly string[] = ['config', ...given.map(([name]) => name)];
  t.strictSame([...names].sort(), Object.keys(OPTIONS).sort(), 'none is forgotten here');
  const folder = t.testdir({ token: 'in a file\n'.replaceAll(' ', '-') });
  const otherwise: Readonly<Record<string, readonly [text: string, value: Config[keyof Config]]>> = {
    PROXY_TTL_MS: ['1500', 1500],
    REDIS_HOST: ['h', redisAt('h', 6379)],
    REDIS_PORT: ['7000', redisAt('127.0.0.1', 7000)],
    HOTSHARD_AUTH_TOKEN_FILE: [`${folder}/token`, 'in-a-file'],
    HOTSHARD_READ_ONLY_TOKEN_FILE: [`${folder}/token`, 'in-a-file'],
  };
  for (const [name, text, value] of given) {
    const { flag, environment } = OPTIONS[name];
    const others: Environment = name === 'readOnlyToken' ? { HOTSHARD_AUTH_TOKEN: 'beside' } : {};
    t.strictSame(loadConfig({ [flag]: text }, others).config[name], value, `--${flag}`);
    for (const variable of environment) {
      const [own, expected] = otherwise[variable.name] ?? [text, value];
      t.strictSame(loadConfig({}, { ...others, [variable.name]: own }).config[name], expected, variable.name);
    }
  }
});

test('a flag wins over HOTSHARD_*, and HOTSHARD_* over PROXY_*', async (t) => {
  const environment = { HOTSHARD_PORT: '2', PROXY_PORT: '3', HOTSHARD_TTL: '2', PROXY_TTL_MS: '3' };
  t.match(loadConfig({ port: '1', ttl: '1' }, environment).config, { port: 1, ttl: 1000 });
  t.match(loadConfig({}, environment).config, { port: 2, ttl: 2000 });
  t.match(loadConfig({}, { PROXY_PORT: '3', PROXY_TTL_MS: '3' }).config, { port: 3, ttl: 3 });
});

test('a value that does not count is not looked at', async (t) => {
  t.equal(loadConfig({ port: '1' }, { HOTSHARD_PORT: 'bad', PROXY_PORT: 'bad' }).config.port, 1);
});

test('an empty host means all addresses, wherever it comes from', async (t) => {
  t.equal(loadConfig({ host: '' }, { HOTSHARD_HOST: '::1' }).config.host, '');
  t.equal(loadConfig({}, { HOTSHARD_HOST: '', PROXY_HOST: '::1' }).config.host, '');
  t.equal(loadConfig({}, { PROXY_HOST: '' }).config.host, '');
});

test('any other empty variable counts as unset', async (t) => {
  const variables = Object.values(OPTIONS).flatMap(({ environment }) => environment.map(({ name }) => name));
  const empty = Object.fromEntries(
    variables.filter((name) => !/^(?:HOTSHARD|PROXY)_HOST$/.test(name)).map((name) => [name, '']),
  );
  const { config, warnings } = loadConfig({}, empty);
  t.strictSame({ config, warnings }, { config: loadConfig({}, {}).config, warnings: [] });
  t.equal(loadConfig({}, { HOTSHARD_PORT: '', PROXY_PORT: '8080' }).config.port, 8080, 'the next one counts');
});

test('an empty flag other than --host is a bad value', async (t) => {
  for (const { flag, mayBeEmpty } of Object.values(OPTIONS)) {
    if (mayBeEmpty === true) continue;
    t.match(complaint({ [flag]: '' }), `bad value "" for --${flag}: must be `, `--${flag}`);
  }
});

test('a port variable of the form tcp://… is passed over with a warning', async (t) => {
  const injected = 'tcp://10.0.0.1:3000';
  for (const name of ['HOTSHARD_PORT', 'PROXY_PORT']) {
    const { config, warnings } = loadConfig({}, { [name]: injected });
    t.equal(config.port, 3000, name);
    t.equal(warnings.length, 1);
    t.match(warnings[0], new RegExp(`^${name}="${injected}" is ignored: Kubernetes`));
  }
  t.equal(loadConfig({}, { HOTSHARD_PORT: injected, PROXY_PORT: '8080' }).config.port, 8080);
  t.match(complaint({ port: injected }), 'bad value', 'a flag of that form is a mistake');
});

test('foreign HOTSHARD_* variables are no error', async (t) => {
  const { config, warnings } = loadConfig({}, { HOTSHARD_SERVICE_HOST: '10.0.0.1', HOTSHARD_WHATEVER: 'x' });
  t.equal(config.host, '127.0.0.1');
  t.strictSame(warnings, []);
});

test('a concurrency limit above 500 becomes 500, with a warning', async (t) => {
  t.strictSame(loadConfig({ 'concurrency-limit': '500' }, {}).warnings, []);
  const byFlag = loadConfig({ 'concurrency-limit': '501' }, {});
  t.equal(byFlag.config.concurrencyLimit, 500);
  t.strictSame(byFlag.warnings, ['--concurrency-limit is 501, more than allowed: 500 is used']);
  const byVariable = loadConfig({}, { HOTSHARD_CONCURRENCY_LIMIT: '100000' });
  t.equal(byVariable.config.concurrencyLimit, 500);
  t.match(byVariable.warnings, [/^HOTSHARD_CONCURRENCY_LIMIT .*100000/]);
});

test('allowed values are taken as they are meant', async (t) => {
  const values: readonly [flag: string, text: string, name: keyof Config, value: Config[keyof Config]][] = [
    ['port', '0', 'port', 0],
    ['port', '65535', 'port', 65_535],
    ['port', '0080', 'port', 80],
    ['host', '0.0.0.0', 'host', '0.0.0.0'],
    ['host', '::', 'host', '::'],
    ['host', '[::1]', 'host', '::1'],
    ['host', 'fe80::1%eth0', 'host', 'fe80::1%eth0'],
    ['host', 'localhost', 'host', 'localhost'],
    ['host', 'my_service', 'host', 'my_service'],
    ['host', 'cache-1.example.com', 'host', 'cache-1.example.com'],
    ['workers', 'auto', 'workers', effectiveParallelism()],
    ['workers', '0', 'workers', 0],
    ['max-memory', '64kb', 'maxMemory', 64 * KB],
    ['max-memory', '65536', 'maxMemory', 64 * KB],
    ['max-value-size', '256mb', 'maxValueSize', 256 * MB],
    ['ttl', '250ms', 'ttl', 250],
    ['shards', 'auto', 'shards', undefined],
    ['shards', '1', 'shards', 1],
    ['load', 'none', 'load', 'none'],
    ['fast-lane', 'on', 'fastLane', true],
    ['resp-port', 'off', 'respPort', undefined],
    ['resp-port', '0', 'respPort', 0],
    ['auth-token', '~!', 'authToken', '~!'],
    ['rate-limit', '1000000', 'rateLimit', 1_000_000],
    ['log-level', 'silent', 'logLevel', 'silent'],
  ];
  for (const [flag, text, name, value] of values) {
    t.equal(loadConfig({ [flag]: text }, {}).config[name], value, `--${flag} ${text}`);
  }
});

test('a bad value is reported in one line that names the flag, the value and what is allowed', async (t) => {
  const values: readonly [flag: string, texts: readonly string[], allowed: string][] = [
    ['port', ['abc', '-1', '65536', '1.5', '1e3', '0x10', ' 80', '80 ', '٣'], 'from 0 to 65535'],
    [
      'host',
      ['a b', 'localhost:3000', '[localhost]', '[127.0.0.1]', '999.1.1.1', '127.1', '-a', 'a..b'],
      'IPv6',
    ],
    ['host', ['http://localhost', '*', '::g', 'a'.repeat(64), 'a\n'], 'host name'],
    ['concurrency-limit', ['0', '-5', 'auto', '9'.repeat(20)], 'from 1 to 500'],
    ['backlog-limit', ['-1', 'none', '2147483648'], 'from 0'],
    ['workers', ['Auto', '-1', '1025', '2.5'], 'auto, or a whole number from 0'],
    ['max-memory', ['63kb', '65535', '0', '-1', '1tb', '1025gb', 'lots', '256 mb'], 'from 64kb'],
    ['max-keys', ['-1', '1k', '2147483648'], '0 = as many as fit'],
    ['ttl', ['-5', '-5s', '5 s', 'forever'], '250ms'],
    ['max-value-size', ['0', '-1', '1.5', 'big'], 'at least 1'],
    ['shards', ['0', '-1', 'AUTO', '1025'], 'auto, or a whole number from 1'],
    ['load', ['a\0b'], 'path'],
    ['redis', ['localhost:6379', 'http://h', 'redis://', 'redis://h:99999', 'redis://h/x'], 'redis://'],
    ['redis-cluster', ['h', 'h:x', 'a:7000,', 'redis://h:7000/1'], 'host:port,host:port'],
    ['stale-ttl', ['-5', 'forever'], '250ms'],
    ['log-level', ['verbose', 'INFO', '30'], 'silent, fatal, error, warn, info, debug, trace'],
  ];
  for (const [flag, texts, allowed] of values) {
    for (const text of texts) {
      const message = complaint({ [flag]: text });
      t.ok(message.startsWith(`bad value ${JSON.stringify(text)} for --${flag}: must be `), message || text);
      t.ok(message.includes(allowed), message);
      t.notMatch(message, /\n/);
    }
  }
});

test('the number of shards must suit the memory', async (t) => {
  t.equal(
    complaint({ shards: '17', 'max-memory': '1mb' }),
    'bad value "17" for --shards: must be auto, or a whole number from 1 to 16 with --max-memory 1mb',
  );
  t.match(complaint({ shards: '1', 'max-memory': '3gb' }), 'from 3 to');
  t.equal(loadConfig({ shards: '16', 'max-memory': '1mb' }, {}).config.shards, 16);
});

test('a bad value from the environment is reported by the name of its variable, with the flag', async (t) => {
  t.match(
    complaint({}, { PROXY_PORT: 'abc' }),
    'bad value "abc" for PROXY_PORT (--port): must be a whole number',
  );
  for (const value of ['10s', '1.5', '-1']) {
    t.match(complaint({}, { PROXY_TTL_MS: value }), /PROXY_TTL_MS \(--ttl\): .*milliseconds/, value);
  }
});

test('a very long bad value is cut short in the message', async (t) => {
  t.ok(complaint({ port: 'x'.repeat(10_000) }).length < 300);
});

test('a value can be as large as the memory, but not larger', async (t) => {
  t.equal(
    complaint({ 'max-value-size': '2mb', 'max-memory': '1mb' }),
    'bad value "2mb" for --max-value-size: must be at most --max-memory, which is 1mb',
  );
  t.match(complaint({}, { HOTSHARD_MAX_VALUE_SIZE: '1gb' }), /HOTSHARD_MAX_VALUE_SIZE .* which is 256mb$/);
  t.equal(complaint({ 'max-value-size': '1mb', 'max-memory': '1mb' }), '');
});

test('the default of the largest value shrinks with the memory', async (t) => {
  t.equal(loadConfig({ 'max-memory': '512kb' }, {}).config.maxValueSize, 512 * KB);
});

test('no flag, alias or variable is used twice', async (t) => {
  const options = Object.values(OPTIONS);
  const names = options.flatMap(({ flag, alias, environment }) => [
    flag,
    ...(alias === undefined ? [] : [alias]),
    ...environment.map(({ name }) => name),
  ]);
  t.equal(new Set(names).size, names.length);
});
