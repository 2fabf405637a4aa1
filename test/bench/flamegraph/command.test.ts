/** `npm run flamegraph` as a command: a second of load under 0x, and the files it writes. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Script } from 'node:vm';
import { Resvg } from '@resvg/resvg-js';
import { csvParse } from 'd3-dsv';
import { test } from 'tap';
import { plain } from '../../plain.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const COMMAND = fileURLToPath(new URL('../../../src/bench/flamegraph.js', import.meta.url));
const TIMEOUT = 110_000;
const MIB = 2 ** 20;

const run = (environment: Readonly<Record<string, string>>, ...flags: string[]) =>
  promisify(execFile)(...plain(process.execPath, [COMMAND, ...flags]), {
    timeout: TIMEOUT,
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });

test('a short run writes a page, a picture and shares', { timeout: TIMEOUT }, async (t) => {
  const temporary = mkdtempSync(join(tmpdir(), 'hotshard-flame-test-'));
  t.teardown(() => rmSync(temporary, { recursive: true, force: true }));
  const out = join(temporary, 'out');
  const { stdout } = await run({ TMPDIR: temporary }, '--quick', '--only', 'hapi-80-20', '--out', out);
  t.strictSame(readdirSync(temporary), ['out'], 'and leaves nothing else behind');
  const names = ['flame-hapi-80-20.csv', 'flame-hapi-80-20.html', 'flame-hapi-80-20.svg'];
  t.strictSame(readdirSync(out).sort(), names);
  const [csv, html, svg] = names.map((name) => readFileSync(join(out, name), 'utf8'));
  t.match(stdout, /^hotshard +\d/m, 'its own share is told');

  for (const text of [csv, html, svg]) {
    t.ok(text.length < MIB);
    for (const path of [ROOT, temporary, `${homedir()}/`, process.execPath, 'file://'])
      t.notOk(text.includes(path), `nothing of ${path}`);
  }
  t.notMatch(
    html,
    /<(?:script|link|img|iframe)\b[^>]*(?:src|href)=|@import|url\((?!["']?data:)/,
    'self-contained',
  );
  t.match(html, /"name":"[^"]*dist\/src\/server\//, 'paths are those of the repository');
  const script = /<script>([\s\S]*)<\/script>/.exec(html)?.[1] ?? '';
  t.doesNotThrow(() => new Script(script), 'its program is whole');

  const { width, height } = new Resvg(svg).render();
  t.ok(width > 1000 && height > 200);
  t.match(svg, /@media \(prefers-color-scheme: dark\)/);
  for (const group of ['own', 'hapi', 'node', 'native']) t.match(svg, new RegExp(`<rect class="${group}"`));

  const shares = csvParse(csv);
  for (const kind of ['group', 'function']) {
    const lines = shares.filter((line) => line.kind === kind);
    for (const column of ['self_percent', 'with_native_percent']) {
      const sum = lines.reduce((all, line) => all + Number(line[column]), 0);
      t.ok(Math.abs(sum - 100) < 1, `${kind}, ${column}: ${sum} % in all`);
    }
  }
  const own = shares.find(({ name }) => name === 'hotshard');
  t.ok(Number(own?.total_percent) > Number(own?.self_percent), 'hotshard calls others');
});

test('what is wrong with a flag is said', async (t) => {
  await t.rejects(run({}, '--only', 'x'), {
    code: 2,
    stderr: /^--only: there is no "x", only http-reads, http-80-20, hapi-80-20/,
  });
  await t.rejects(run({}, '--seconds', '0'), {
    code: 2,
    stderr: /^--seconds: must be a whole number from 1 to 99/,
  });
});
