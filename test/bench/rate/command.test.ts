/** `bench:rate` as a command: a short run with real servers, and the files it writes. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'tap';
import { readCsv } from '../../../src/bench/csv-table.js';
import { plain } from '../../plain.js';

const COMMAND = fileURLToPath(new URL('../../../src/bench/rate.js', import.meta.url));
const TIMEOUT = 100_000;

test('a pair is measured side by side, and drawn', { timeout: TIMEOUT }, async (t) => {
  const out = mkdtempSync(join(tmpdir(), 'hotshard-rate-'));
  t.teardown(() => rmSync(out, { recursive: true, force: true }));
  const flags = ['--quick', '--only', 'guard', '--rates', '50,100', '--out', out];
  const { stdout } = await promisify(execFile)(...plain(process.execPath, [COMMAND, ...flags]), {
    timeout: TIMEOUT,
    encoding: 'utf8',
  });
  t.notMatch(stdout, /NaN|undefined|Infinity/);
  t.strictSame(readdirSync(out).sort(), ['rate-guard.csv', 'rate-guard.svg', 'rate.json']);

  const csv = readFileSync(join(out, 'rate-guard.csv'), 'utf8');
  t.ok(csv.startsWith('rate,latency_mean,latency_p95,latency_p99,success_rate,variant,round,'));
  const rows = readCsv('rate-guard.csv', csv);
  t.strictSame(
    rows.map((row) => [row.number('rate'), row.text('variant')]),
    [
      [50, 'lock-free'],
      [50, 'lock'],
      [100, 'lock-free'],
      [100, 'lock'],
    ],
  );
  for (const row of rows) {
    t.equal(row.number('requests'), row.number('rate') * row.number('seconds'), 'all that is due');
    const success = row.number('success_rate');
    t.ok(success >= 0 && success <= 1);
    t.ok(row.number('latency_p95') <= row.number('latency_p99'));
    t.ok(row.number('latency_mean') > 0);
  }
  const svg = readFileSync(join(out, 'rate-guard.svg'), 'utf8');
  t.match(svg, /^<svg [\s\S]+<\/svg>\n$/);
  for (const text of ['lock-free', 'latency, 95th percentile, ms', 'answered 200 within 2 s']) {
    t.match(svg, text);
  }
  const { sections } = JSON.parse(readFileSync(join(out, 'rate.json'), 'utf8'));
  t.match(sections.guard, { workers: 2, connections: 8, keys: 200 });
});

test('what is wrong with a flag is said', async (t) => {
  const wrong = promisify(execFile)(...plain(process.execPath, [COMMAND, '--rates', 'x']));
  await t.rejects(wrong, { code: 2, stderr: /^--rates: "x" must be a whole number/ });
});
