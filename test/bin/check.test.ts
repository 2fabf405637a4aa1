/** `hotshard check`: what counts and where it comes from, and the failures of `serve` without serving. */
import { test } from 'tap';
import { OPTIONS } from '../../src/config/options.js';
import { hotshard, hotshardHere } from './fixtures/run.js';

test('every option has a line with its value and what gave it, secrets hidden', async (t) => {
  const folder = t.testdir({
    'hotshard.json': '{"ttl": "10s", "concurrency-limit": 900, "auth-token": "s3cret", "max-keys": 5}',
    token: 's3cret-too\n',
    'data.txt': 'a 1\n',
  });
  const args = [
    'check',
    '--config',
    `${folder}/hotshard.json`,
    '--max-keys',
    '7',
    '--load',
    `${folder}/data.txt`,
  ];
  const { code, stdout, stderr } = await hotshard(args, {
    environment: {
      PROXY_PORT: '8080',
      HOTSHARD_READ_ONLY_TOKEN_FILE: `${folder}/token`,
      REDIS_URL: 'redis://user:s3cret@h',
      HOTSHARD_WORKERS: 'auto',
    },
  });
  t.equal(code, 0);
  const lines = stdout.toString().trimEnd().split('\n');
  const columns = lines.map((line) => line.split(/ {2,}/));
  t.strictSame(
    columns.map(([flag]) => flag),
    Object.values(OPTIONS).map(({ flag }) => flag),
  );
  const starts = lines.map((line) => line.indexOf(columns[lines.indexOf(line)]?.[1] ?? '', 8));
  t.equal(new Set(starts).size, 1, 'aligned');
  const shown = new Map(columns.map(([flag = '', ...rest]) => [flag, rest]));
  const expected: Readonly<Record<string, readonly string[]>> = {
    port: ['8080', 'PROXY_PORT'],
    host: ['127.0.0.1', 'default'],
    ttl: ['10s', `ttl in ${folder}/hotshard.json`],
    'max-keys': ['7', '--max-keys'],
    'concurrency-limit': ['500 (instead of 900)', `concurrency-limit in ${folder}/hotshard.json`],
    redis: ['none', 'REDIS_URL, ignored'],
    load: [`${folder}/data.txt`, '--load'],
    'auth-token': ['***', `auth-token in ${folder}/hotshard.json`],
    'read-only-token': [`${folder}/token`, 'HOTSHARD_READ_ONLY_TOKEN_FILE'],
    'redis-prefix': ['none', 'default'],
    config: [`${folder}/hotshard.json`, '--config'],
  };
  for (const [flag, rest] of Object.entries(expected)) t.strictSame(shown.get(flag), rest, flag);
  t.match(shown.get('workers'), [/^auto \(\d+\)$/, 'HOTSHARD_WORKERS']);
  t.match(stderr, /^hotshard: warning: REDIS_URL is ignored: --load is given$/m);
  t.notMatch(stdout.toString() + stderr, 's3cret');
});

test('it fails as serve does', async (t) => {
  const folder = t.testdir({ 'bad.json': '{"port": "x"}', 'no.pem': 'nothing' });
  const wrong: readonly (readonly [args: string[], code: number, line: RegExp])[] = [
    [['--port', 'abc'], 2, /bad value "abc" for --port: must be/],
    [['--config', `${folder}/bad.json`], 2, /bad value "x" for port in .*bad\.json: must be/],
    [['--snapshot', `${folder}/none/map`], 2, /bad value ".*" for --snapshot: must be/],
    [['--tls-cert', `${folder}/no.pem`, '--tls-key', `${folder}/no.pem`], 2, /for --tls-cert: must be/],
    [['--load', `${folder}/none`], 1, /cannot read the data file/],
  ];
  await Promise.all(
    wrong.flatMap(([args, code, line]) =>
      [['check', hotshardHere] as const, ['serve', hotshard] as const].map(async ([command, run]) => {
        const result = await run([command, ...args]);
        t.equal(result.code, code, [command, ...args].join(' '));
        t.match(result.stderr, line);
        t.match(result.stderr, /^hotshard: [^\n]+\n$/);
      }),
    ),
  );
});
