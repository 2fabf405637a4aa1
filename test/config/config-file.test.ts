/** Values from a file: what may be in it, what wins over it, and what is said about what can't be used. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'tap';
import { type Environment, type Flags, loadConfig } from '../../src/config/load.js';
import { OPTIONS } from '../../src/config/options.js';

const folder = mkdtempSync(join(tmpdir(), 'hotshard-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const FILE = join(folder, 'hotshard.json');

function load(content: unknown, flags: Flags = {}, environment: Environment = {}) {
  writeFileSync(FILE, typeof content === 'string' ? content : JSON.stringify(content));
  return loadConfig({ config: FILE, ...flags }, environment);
}

function complaint(content: unknown, flags: Flags = {}): string {
  try {
    load(content, flags);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

test('values are numbers, texts, and booleans for on and off', async (t) => {
  const { config, warnings } = load({
    port: 8080,
    'max-memory': '512mb',
    'max-keys': '10',
    ttl: 0.5,
    workers: 'auto',
    'fast-lane': false,
    'resp-port': false,
    host: '',
    'auth-token': 'secret',
    redis: 'redis://user:password@h',
  });
  t.match(config, {
    port: 8080,
    maxMemory: 512 * 2 ** 20,
    maxKeys: 10,
    ttl: 500,
    fastLane: false,
    respPort: undefined,
    host: '',
    authToken: 'secret',
    redis: { host: 'h', password: 'password' },
  });
  t.strictSame(warnings, []);
  t.equal(load({ 'fast-lane': true }).config.fastLane, true);
  t.strictSame(load({}).config, loadConfig({}, {}).config, 'an empty object changes nothing');
});

test('every option but the file itself can be in it', async (t) => {
  for (const { flag, default: text } of Object.values(OPTIONS)) {
    if (flag === 'config' || text === '') continue;
    t.equal(complaint({ [flag]: text }), '', flag);
  }
  t.match(complaint({ config: FILE }), /^unknown name "config" in /);
});

test('flags and variables win over it, those of other programs too', async (t) => {
  const file = { port: 1, ttl: 1, redis: 'redis://file' };
  t.match(load(file, { port: '2' }, { HOTSHARD_TTL: '2' }).config, { port: 2, ttl: 2000 });
  t.match(load(file, {}, { PROXY_PORT: '3', PROXY_TTL_MS: '3' }).config, { port: 3, ttl: 3 });
  t.match(load(file, {}, { REDIS_HOST: 'variable' }).config, { redis: { host: 'variable' } });
  const { config, warnings } = load(file, { load: 'data.txt' });
  t.equal(config.redis, undefined, 'what stands behind the map too');
  t.strictSame(warnings, [`redis in ${FILE} is ignored: --load is given`]);
  t.match(complaint({ ...file, load: 'data.txt' }), /^redis in .* and load in .* exclude each other/);
});

test('the variable names it, and the flag wins', async (t) => {
  writeFileSync(FILE, '{"port": 1}');
  t.equal(loadConfig({}, { HOTSHARD_CONFIG: FILE }).config.port, 1);
  t.equal(loadConfig({ config: FILE }, { HOTSHARD_CONFIG: join(folder, 'none') }).config.port, 1);
});

test('what can not be used is said in one line, with file, name, value and what is allowed', async (t) => {
  const wrong: readonly [content: unknown, line: string][] = [
    [{ port: 'abc' }, `bad value "abc" for port in ${FILE}: must be a whole number from 0 to 65535`],
    [{ port: 80.5 }, `bad value "80.5" for port in ${FILE}: must be a whole number from 0 to 65535`],
    [{ port: true }, `bad value "true" for port in ${FILE}: must be a whole number from 0 to 65535`],
    [{ port: null }, `bad value "null" for port in ${FILE}: must be a whole number from 0 to 65535`],
    [{ port: [1] }, `bad value "[1]" for port in ${FILE}: must be a whole number from 0 to 65535`],
    [{ load: '' }, `bad value "" for load in ${FILE}: must be the path of a file`],
    [
      { 'max-value-size': '1gb' },
      `bad value "1gb" for max-value-size in ${FILE}: must be at most --max-memory`,
    ],
    [{ prot: 1 }, `unknown name "prot" in ${FILE}: must be a long flag`],
    [{ p: 1 }, `unknown name "p" in ${FILE}: must be a long flag`],
    [{ maxMemory: 1 }, `unknown name "maxMemory" in ${FILE}: must be a long flag`],
    [{ constructor: 1 }, `unknown name "constructor" in ${FILE}: must be a long flag`],
    ['[1]', `bad value ${JSON.stringify(FILE)} for --config: must be the path of a file with a JSON object`],
    ['', `bad value ${JSON.stringify(FILE)} for --config: must be the path of a file with a JSON object`],
  ];
  for (const [content, line] of wrong) {
    const message = complaint(content);
    t.ok(message.startsWith(line), `${message} | ${line}`);
    t.notMatch(message, /\n/);
  }
  t.match(complaint('{"port": 1,\n"ttl" 5}'), /it is no JSON, from line 2 on$|it is no JSON$/);
  t.match(complaint({}, { config: join(folder, 'none') }), /for --config: must be .* ENOENT/);
  t.match(complaint({}, { config: folder }), /for --config: must be .* EISDIR/);
});

test('no message shows a secret', async (t) => {
  const wrong: readonly unknown[] = [
    { 'auth-token': 'my secret' },
    { 'auth-token': ['secret'] },
    { 'read-only-token': { is: 'secret' } },
    { redis: 'http://user:secret@h' },
    { redis: ['redis://user:secret@h'] },
    '{"auth-token": "secret" "port": 1}',
    '{"auth-token": secret}',
  ];
  for (const content of wrong) {
    const message = complaint(content);
    t.not(message, '', JSON.stringify(content));
    t.notMatch(message, 'secret', message);
  }
});
