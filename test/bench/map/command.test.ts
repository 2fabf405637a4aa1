/** `bench:map` as a command: a short run of some sections. That its maps hold what they should is checked by itself. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'tap';
import { plain } from '../../plain.js';

const COMMAND = fileURLToPath(new URL('../../../src/bench/map.js', import.meta.url));
const TIMEOUT = 110_000;

/** With a plot, threads and processes of their own. The others would take most of a minute. */
const SECTIONS = ['threads', 'hash', 'memory'];

const run = (...flags: string[]) =>
  promisify(execFile)(...plain(process.execPath, [COMMAND, ...flags]), {
    timeout: TIMEOUT,
    encoding: 'utf8',
  });

test('a short run writes its files where it is told', { timeout: TIMEOUT }, async (t) => {
  const out = mkdtempSync(join(tmpdir(), 'hotshard-map-'));
  t.teardown(() => rmSync(out, { recursive: true, force: true }));
  const { stdout } = await run('--quick', '--rounds', '1', '--only', SECTIONS.join(), '--out', out);
  t.strictSame(
    readdirSync(out).sort(),
    ['map.json', ...SECTIONS.map((name) => `map-${name}.csv`), 'map-threads.svg'].sort(),
  );
  const { sections, goals } = JSON.parse(readFileSync(join(out, 'map.json'), 'utf8'));
  t.strictSame(Object.keys(sections).sort(), [...SECTIONS].sort());
  t.ok(goals.length > 0);
  t.match(stdout, /^Goals$/m);
  t.notMatch(stdout, /NaN|undefined|Infinity/);
});

test('what is wrong with a flag is said', async (t) => {
  await t.rejects(run('--only', 'x'), { code: 2, stderr: /^--only: there is no "x"/ });
});
