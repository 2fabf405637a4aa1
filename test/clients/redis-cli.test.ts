/** redis-cli and redis-benchmark, as they are installed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import t from 'tap';
import { plain } from '../plain.js';
import { outputOf, startBothPorts } from './program.js';

const { port } = await startBothPorts(t);
const at = ['-p', String(port)];
const cli = (words: string, input?: string) => outputOf('redis-cli', [...at, ...words.split(' ')], input);

t.beforeEach(async () => {
  t.equal(await cli('flushall'), 'OK\n');
});

t.test('commands, by both versions of the protocol', async (t) => {
  t.equal(await cli('set k v'), 'OK\n');
  t.equal(await cli('get k'), 'v\n');
  t.equal(await cli('--no-raw get none'), '(nil)\n');
  t.equal(await cli('-3 --no-raw mget k none'), '1) "v"\n2) (nil)\n');
  t.equal(await cli('-3 --no-raw config get save'), '1# "save" => ""\n');
  t.match(await cli('-3 --no-raw hello'), /^1# "server" => "redis"\n/);
  t.equal(await cli('incr k'), 'ERR value is not an integer or out of range\n\n');
  t.equal(await cli('--csv mget k none'), '"v",NULL\n');
  t.equal(await cli('-x append k', '-w'), '3\n');
  t.equal(await cli('-r 3 incr n'), '1\n2\n3\n');
  t.equal(await cli('--eval none').catch(() => 'failed'), 'failed', 'there are no scripts');
});

t.test('commands from its input, with a transaction among them', async (t) => {
  const output = await outputOf('redis-cli', at, 'SET k 1\nMULTI\nINCR k\nGET k\nEXEC\nDEL k\nSELECT 0\n');
  t.equal(output, 'OK\nOK\nQUEUED\nQUEUED\n2\n2\n1\nOK\n');
  const mass = Array.from({ length: 1000 }, (_, i) => `SET mass:${i} ${i}\r\n`).join('');
  t.match(await cli('--pipe', mass), /errors: 0, replies: 1000\n/);
  t.equal(await cli('dbsize'), '1000\n');
});

t.test('what it finds keys and sizes by', async (t) => {
  await cli('mset a 1 bb 22 largest 55555');
  const scanned = await cli('--scan --pattern ?*');
  t.strictSame(scanned.trimEnd().split('\n').sort(), ['a', 'bb', 'largest']);
  t.equal(await cli('--scan --pattern none*'), '');
  const sizes = await cli('--bigkeys');
  t.match(sizes, /Biggest string found '"largest"' has 5 bytes/);
  t.match(sizes, /3 strings with 8 bytes \(100\.00% of keys/);
});

t.test('what it shows of the server', async (t) => {
  // Least, most and mean time in milliseconds, and how many were taken.
  t.match(await cli('--latency -i 0.1 --raw'), /^\d+ \d+ \d+\.\d\d [1-9]\d*\n/);
  await cli('set k v');
  const child = spawn(...plain('stdbuf', ['-oL', 'redis-cli', ...at, '--stat', '-i', '0.1']), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (lines.length === 3) child.kill();
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  // Keys, memory, clients, blocked ones, requests and how many more, connections.
  t.match(lines[2], /^1 +\d+(\.\d+)?[BKM] +\d+ +0 +\d+ \(\+\d+\) +\d+ *$/);
});

t.test('what it and its users know commands by', async (t) => {
  const documents = JSON.parse(await cli('-3 --json command docs')) as Record<string, DocumentOfCommand>;
  const names = (await cli('command list')).trimEnd().split('\n');
  t.strictSame(Object.keys(documents).sort(), names.filter((name) => !name.includes('|')).sort());
  for (const [name, { summary, since, group, subcommands = {} }] of Object.entries(documents)) {
    t.ok(summary !== '' && /^\d+\.\d+\.\d+$/.test(since) && group !== '', name);
    for (const subcommand of Object.keys(subcommands)) t.ok(names.includes(subcommand), subcommand);
  }
  t.match(documents.set?.arguments, [{ name: 'key', type: 'key', key_spec_index: 0 }, { name: 'value' }]);
});

interface DocumentOfCommand {
  readonly summary: string;
  readonly since: string;
  readonly group: string;
  readonly arguments?: readonly object[];
  readonly subcommands?: object;
}

t.test('redis-benchmark', async (t) => {
  const words = ['-t', 'ping,set,get,incr,mset', '-P', '16', '-n', '3200', '-r', '100', '--csv'];
  const rows = (await outputOf('redis-benchmark', [...at, ...words])).trimEnd().split('\n');
  t.match(rows[0], /^"test","rps"/);
  t.strictSame(
    rows.slice(1).map((row) => row.split(',', 1)[0]),
    ['"PING_INLINE"', '"PING_MBULK"', '"SET"', '"GET"', '"INCR"', '"MSET (10 keys)"'],
  );
  const counted = (await cli('--scan --pattern counter:*')).trimEnd().split('\n');
  const counts = (await outputOf('redis-cli', [...at, 'mget', ...counted])).trimEnd().split('\n').map(Number);
  t.equal(
    counts.reduce((sum, count) => sum + count, 0),
    3200,
  );
});
