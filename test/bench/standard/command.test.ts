/** `hotshard bench` as a command: short runs, the files they write, and what it says when it can't go on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import { readCsv } from '../../../src/bench/csv-table.js';
import { startHotshard } from '../../../src/bench/load/server.js';
import { plain } from '../../plain.js';

const TIMEOUT = 100_000;
const PROGRAM = fileURLToPath(new URL('../../../bin/hotshard.js', import.meta.url));

function folder(t: Test): string {
  const out = mkdtempSync(join(tmpdir(), 'hotshard-bench-'));
  t.teardown(() => rmSync(out, { recursive: true, force: true }));
  return out;
}

function start(t: Test, args: readonly string[]): ChildProcess {
  const child = spawn(...plain(process.execPath, [PROGRAM, 'bench', '--quick', ...args]), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  return child;
}

async function ended(child: ChildProcess) {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text) => {
      output[name] += text;
    });
  }
  // When all that has its standard error is gone, too: the processes that make the load.
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}

test('a server is started for it, with the flags after --', { timeout: TIMEOUT }, async (t) => {
  const out = folder(t);
  const flags = ['--duration', '200ms', '--out', out, '--', '--workers', '2', '--max-keys', '100'];
  const { code, stdout, stderr } = await ended(start(t, flags));
  t.equal(code, 0, stderr);
  t.match(stdout, /^hotshard \S+, 2 workers, --workers 2 --max-keys 100, /m);
  t.match(stdout, /^8 connections, 500 keys, values of 32 bytes, 80 % reads and 20 % writes\.$/m);
  t.match(stdout, /^Latency: at \S+ requests per second \(50 % of the first throughput\), from/m);
  for (const line of [
    /^Throughput, requests per second +[\d,]+$/m,
    ...['p50', 'p90', 'p99', 'p99.9', 'max'].map((name) => new RegExp(`^.*\\(${name}\\), µs +[\\d,]+$`, 'm')),
    /^Errors .* 0$/m,
  ]) {
    t.match(stdout, line);
  }
  t.notMatch(stdout, /NaN|undefined|Infinity/);

  const rows = readCsv('bench.csv', readFileSync(join(out, 'bench.csv'), 'utf8'));
  t.strictSame(
    rows.map((row) => [row.text('part'), row.number('round')]),
    [
      ['throughput', 1],
      ['latency', 1],
    ],
  );
  const [throughput, latency] = rows;
  t.equal(throughput.text('p50_us'), '', 'autocannon is not asked for latency');
  const percentiles = ['p50_us', 'p90_us', 'p95_us', 'p99_us', 'p999_us', 'max_us'];
  const values = percentiles.map((name) => latency.number(name));
  t.strictSame(
    values,
    [...values].sort((a, b) => a - b),
    'each at least as long as the one before',
  );
  t.ok(latency.number('due_per_second') < throughput.number('requests_per_second'));
  for (const row of rows) {
    t.equal(row.number('errors'), 0, 'a key that has no room is none');
    t.ok(row.number('hit_ratio') < 1, 'the cache holds 100 of 500 keys');
  }
  const json = JSON.parse(readFileSync(join(out, 'bench.json'), 'utf8'));
  t.match(json, {
    machine: { node: process.version, commit: String },
    software: { hotshard: /^\d/, autocannon: /^9\./ },
    parameters: { keys: 500, connections: 8, workers: 2, isStandard: false },
  });
  t.ok(json.summary.requests_per_second.median > 0 && json.summary.latency_p999_us.median > 0);
  t.equal(json.rounds.length, 1);
});

test('the token that a server asks for goes with every request', { timeout: TIMEOUT }, async (t) => {
  const server = await startHotshard(['--workers', '1'], 'any', undefined, { HOTSHARD_AUTH_TOKEN: 'secret' });
  t.teardown(() => server.kill());
  const running = ['--url', `http://127.0.0.1:${server.port}`];
  for (const target of [running, []]) {
    const out = folder(t);
    const { code, stdout, stderr } = await ended(
      start(t, [...target, '--auth-token', 'secret', '--out', out]),
    );
    t.equal(code, 0, stderr);
    t.match(stdout, /^Errors .* 0$/m);
    const json = readFileSync(join(out, 'bench.json'), 'utf8');
    t.notMatch(stdout + json, 'secret');
    t.equal(JSON.parse(json).parameters.isStandard, false);
  }
});

test('Ctrl-C stops everything, and so does the end of the server', { timeout: TIMEOUT }, async (t) => {
  const server = await startHotshard(['--workers', '1'], 'any');
  t.teardown(() => server.kill());
  const url = `http://127.0.0.1:${server.port}`;
  const args = ['--url', url, '--duration', '60', '--rate', '100', '--out', folder(t)];
  const [first, second] = [start(t, args), start(t, args)];
  const exits = [ended(first), ended(second)];
  await Promise.all([measuring(first), measuring(second)]);
  first.kill('SIGINT');
  t.match(await exits[0], { code: 130, stdout: '' });
  await server.kill();
  const { code, stderr, stdout } = await exits[1];
  t.equal(code, 1);
  t.match(stderr, new RegExp(`\nhotshard: cannot talk to ${url}/: [^\n]+\n$`));
  t.equal(stdout, '', 'no table');
});

test('what it can not do is said in one line', { timeout: TIMEOUT }, async (t) => {
  const server = createServer((_, response) => response.writeHead(401).end('{"message":"no token"}'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => server.close());
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  const url = `http://127.0.0.1:${address.port}`;
  const cases: readonly [args: string[], code: number, line: RegExp][] = [
    [['--url', url], 1, /^hotshard: \S+ answered 401 Unauthorized: no token\n$/],
    [['--', '--workers', 'abc'], 1, /^hotshard: the server did not start: bad value "abc" for --workers/],
    [['--out', PROGRAM], 1, /^hotshard: there is no place for the results \(--out\): [^\n]+\n$/],
    [['--keys', '0'], 2, /^hotshard: bad value "0" for --keys: must be [^\n]+\n$/],
  ];
  await Promise.all(
    cases.map(async ([args, code, line]) => {
      const out = args.includes('--out') ? [] : ['--out', folder(t)];
      const result = await ended(start(t, [...out, ...args]));
      t.equal(result.code, code, args.join(' '));
      t.match(result.stderr, line);
    }),
  );
});

/** Resolves when it has begun to measure. */
async function measuring({ stderr }: ChildProcess): Promise<void> {
  let text = '';
  await new Promise<void>((resolve) => {
    stderr?.on('data', (chunk) => {
      text += chunk;
      if (/throughput$/m.test(text)) resolve();
    });
  });
}
