/** The benchmarks' charts: what they show, that they fit a light and a dark page, and that those in results/ are up to date. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Resvg } from '@resvg/resvg-js';
import { test } from 'tap';
import { ALL_PLOTS } from '../../src/bench/all-plots.js';
import { barChart } from '../../src/bench/bars.js';
import { ROOT } from '../../src/bench/command.js';
import { type Curves, curves } from '../../src/bench/curves.js';
import { drawPlots, type Plot } from '../../src/bench/plot.js';
import { drawSvg } from '../../src/bench/svg.js';
import { COLORS, type ColorName, DARK } from '../../src/bench/theme.js';
import { plain } from '../plain.js';

const RESULTS = join(ROOT, 'results');
const COMMAND = fileURLToPath(new URL('../../src/bench/plots.js', import.meta.url));

/** Contents by name. */
function filesIn(folder: string, suffix: string): Map<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith(suffix));
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

/** Throws unless it is a well-formed SVG file. */
function parsed(svg: string): Resvg {
  return new Resvg(svg, { font: { loadSystemFonts: false } });
}

/** All but the numbers is to be equal; of those, another engine may round one in a thousand to the other side. */
function partsOf(svg: string): { texts: string[]; numbers: number[] } {
  const number = /-?\d+(?:\.\d+)?/g;
  return { texts: svg.split(number), numbers: (svg.match(number) ?? []).map(Number) };
}

test('the charts in results/ are what the CSV files beside them say', async (t) => {
  const drawings = await drawPlots(ALL_PLOTS, filesIn(RESULTS, '.csv'));
  const kept = filesIn(RESULTS, '.svg');
  for (const [name, svg] of drawings) {
    const [drawn, there] = [svg, kept.get(name) ?? ''].map(partsOf);
    t.strictSame(there.texts, drawn.texts, `${name}: npm run plots`);
    const farthest = Math.max(...drawn.numbers.map((value, i) => Math.abs(value - there.numbers[i])));
    t.ok(farthest < 0.15, `${name}: npm run plots (${farthest})`);
  }
  const names = new Set<string>(ALL_PLOTS.map(({ file }) => file));
  t.equal(names.size, ALL_PLOTS.length, 'each has a name of its own');
});

test('the charts in results/ are well-formed, in the colours of the theme, with the dark ones beside them', (t) => {
  for (const [name, svg] of filesIn(RESULTS, '.svg')) {
    if (!ALL_PLOTS.some(({ file }) => file === name)) continue;
    t.doesNotThrow(() => parsed(svg), name);
    t.notMatch(svg, /NaN|undefined|Infinity/, name);
    const used = new Set([...svg.matchAll(/ ((?:fill|stroke)="#[^"]*")/g)].map(([, use]) => use));
    t.ok(used.has(`fill="${COLORS.background}"`) && used.has(`fill="${COLORS.text}"`), name);
    for (const use of used) {
      const [attribute, light] = use.split('"');
      const rule = `[${use}]{${attribute.slice(0, -1)}:${DARK.get(light)}}`;
      t.ok(
        /@media \(prefers-color-scheme:dark\)\{.*<\/style>/.exec(svg)?.[0].includes(rule),
        `${name}: ${rule}`,
      );
    }
  }
  t.end();
});

test('colours can be told from the background, light and dark, and no two are equal', (t) => {
  const least: Readonly<Partial<Record<ColorName, number>>> = {
    text: 4.5,
    quiet: 4.5,
    background: 1,
    grid: 1.2,
  };
  for (const name of Object.keys(COLORS) as ColorName[]) {
    const backgrounds = [COLORS.background, DARK.get(COLORS.background) ?? ''];
    const colors = [COLORS[name], DARK.get(COLORS[name]) ?? ''];
    for (const [i, color] of colors.entries()) {
      const contrast = contrastOf(color, backgrounds[i]);
      t.ok(contrast >= (least[name] ?? 3), `${name}, ${color}: ${contrast.toFixed(2)}`);
    }
  }
  for (const bar of [COLORS.ownBar, COLORS.otherBar]) {
    t.ok(contrastOf(bar, COLORS.ink) >= 3, 'the line on a bar');
    t.ok(contrastOf(DARK.get(bar) ?? '', DARK.get(COLORS.ink) ?? '') >= 3, 'the line on a dark bar');
  }
  t.equal(DARK.size, Object.keys(COLORS).length);
  t.end();
});

/** As WCAG 2 has it: 1 to 21. */
function contrastOf(first: string, second: string): number {
  const [light, dark] = [first, second].map(luminanceOf).sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminanceOf(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const SWEEP: Curves = {
  title: 'Latency by rate',
  subtitle: '64 connections & more',
  x: { title: 'requests per second', scale: 'linear' },
  y: { scale: 'linear' },
  points: ['lock', 'lock-free'].flatMap((series) =>
    [1_000, 20_000].flatMap((x) =>
      ['mean, ms', 'p99, ms'].map((measure) => ({
        ...{ measure, series, isOwn: series === 'lock-free', x },
        spread: { median: 2, min: 1, max: 3 },
      })),
    ),
  ),
};

const draw = (sweep: Curves) => drawSvg(curves(sweep), 'CPU · Node');

/** Paths with all of these in their tags. */
function paths(svg: string, ...parts: string[]): number {
  return (svg.match(/<path [^>]*>/g) ?? []).filter((tag) => parts.every((part) => tag.includes(part))).length;
}

test('curves: a small chart for each measure, with a curve and a band for each series', async (t) => {
  const svg = await draw(SWEEP);
  parsed(svg);
  for (const text of [
    'Latency by rate',
    'mean, ms',
    'p99, ms',
    'lock-free',
    'requests per second',
    '20,000',
  ]) {
    t.ok(svg.includes(`>${text}</text>`), text);
  }
  t.ok(svg.includes('>64 connections &amp; more</text>'));
  t.ok(svg.includes('>CPU · Node</text>'));
  const [own, other] = [COLORS.own, COLORS.blue];
  for (const color of [own, other]) t.equal(paths(svg, `fill="${color}"`, 'opacity="0.2"'), 2, 'bands');
  t.equal(paths(svg, `stroke="${own}"`, 'stroke-width="3"'), 3, 'broad in both charts and in the legend');
  t.equal(paths(svg, `stroke="${other}"`, 'stroke-width="1.75"'), 1, 'its line in the legend');
  t.equal(paths(svg, `stroke="${other}"`, 'stroke-width="1.8"'), 2, 'its lines in the charts');
  t.ok(svg.indexOf('>lock-free<') < svg.indexOf('>lock<'), 'the own one first');
});

test('curves: one round has no band, one series no legend', async (t) => {
  const points = SWEEP.points
    .filter(({ isOwn }) => isOwn)
    .map((point) => ({ ...point, spread: { median: 2, min: 2, max: 2 } }));
  const svg = await draw({ ...SWEEP, points });
  t.equal(paths(svg, 'opacity="0.2"'), 0);
  t.notOk(svg.includes('>lock-free</text>'));
});

test('curves: on logarithmic scales, numbers are at the stops, and what is 0 is left out', async (t) => {
  const points = [16, 1_024, 1_048_576].map((x) => ({
    ...{ measure: 'set', series: 'hotshard', isOwn: true, x },
    spread: { median: x, min: x === 16 ? 0 : x, max: x },
  }));
  const x = { title: 'length', scale: 'log', isBytes: true } as const;
  const svg = await draw({ ...SWEEP, x, y: { title: 'ns', scale: 'log' }, points });
  for (const text of ['1 KiB', '1 MiB', 'length (log)', 'ns (log)', '10,000']) {
    t.ok(svg.includes(`>${text}</text>`), text);
  }
  t.notOk(svg.includes('>16 B</text>'));
  t.notMatch(svg, /NaN|Infinity/);
});

test('bars: each with its figure, cut off where they are told to be', async (t) => {
  const bar = (label: string, median: number, max: number) => ({
    ...{ measure: 'requests per second', label, isOwn: label === 'hotshard' },
    spread: { median, min: median / 2, max },
  });
  const bars = [bar('hotshard', 12_345, 13_000), bar('nginx', 20_000, 90_000)];
  const svg = await drawSvg(barChart({ title: 'Peers', subtitle: '', bars }), '');
  parsed(svg);
  for (const text of ['hotshard', 'nginx', '12,300', '20,000', '80,000']) {
    t.ok(svg.includes(`>${text}</text>`), text);
  }
  t.equal(paths(svg, `fill="${COLORS.ownBar}"`), 1);
  t.equal(paths(svg, `fill="${COLORS.otherBar}"`), 1);
  const cut = await drawSvg(barChart({ title: 'Peers', subtitle: '', bars, most: 25_000 }), '');
  t.ok(cut.includes('>25,000</text>') && !cut.includes('>30,000</text>'));
  t.end();
});

test('long titles and legends go on in the next line', async (t) => {
  const title = 'word '.repeat(40).trim();
  const points = SWEEP.points.map((point) => ({ ...point, series: `${point.series} ${'x'.repeat(100)}` }));
  const svg = await draw({ ...SWEEP, title, points });
  const lines = [...svg.matchAll(/>(word[^<]*)<\/text>/g)].map(([, line]) => line);
  t.ok(lines.length > 1);
  t.equal(lines.join(' '), title);
  const tops = [...svg.matchAll(/ y="([\d.]+)"[^>]*>lock[^<]*<\/text>/g)].map(([, y]) => y);
  t.equal(new Set(tops).size, 2);
});

test('nothing to draw is an error that names the chart', (t) => {
  t.throws(() => curves({ ...SWEEP, points: [] }), {
    message: '"Latency by rate": there is nothing to draw',
  });
  t.throws(() => barChart({ title: 'Peers', subtitle: '', bars: [] }), {
    message: /^"Peers": there is nothing/,
  });
  t.end();
});

test('a chart is drawn from those of its files that there are, and says whose figures they are', async (t) => {
  const both: Plot = {
    file: 'both.svg',
    csvs: ['a.csv', 'b.csv'],
    draw: (rows) => ({ ...curves(SWEEP), title: rows.map((row) => row.text('name')).join() }),
  };
  const none: Plot = { ...both, file: 'none.svg', csvs: ['c.csv'] };
  const csv = (name: string, day: number) =>
    `name,node,cpu,date,commit\n${name},v20,EPYC,2026-01-0${day}T00:00:00.000Z,abc\n`;
  const drawings = await drawPlots(
    [both, none],
    new Map([
      ['a.csv', csv('first', 1)],
      ['b.csv', csv('second', 2)],
    ]),
  );
  t.strictSame([...drawings.keys()], ['both.svg']);
  t.ok(drawings.get('both.svg')?.includes('>first,second</text>'));
  t.ok(
    drawings.get('both.svg')?.includes('>EPYC · Node v20 · commit abc · 2026-01-01 and 2026-01-02</text>'),
  );
  const [one] = (await drawPlots([both], new Map([['b.csv', csv('second', 2)]]))).values();
  t.ok(one.includes('>second</text>'));
});

test('npm run plots', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hotshard-plots-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const run = (...flags: string[]) =>
    promisify(execFile)(...plain(process.execPath, [COMMAND, ...flags]), { encoding: 'utf8' });
  const broken = join(folder, 'broken');
  mkdirSync(broken);
  writeFileSync(join(broken, 'map-keys.csv'), 'operation,contender,keys\nget,Map,many\n');
  const out = join(folder, 'out');
  const [{ stdout }] = await Promise.all([
    run('--only', 'map-keys,redis-compare', '--out', out),
    t.rejects(run('--from', broken), {
      code: 1,
      stderr: /^map-keys\.csv: there is no column "value_size", only [^\n]*\n$/,
    }),
    t.rejects(run('--only', 'x'), { code: 2, stderr: /^--only: there is no "x", only [^\n]*\n$/ }),
    t.rejects(run('--colour'), { code: 2, stderr: 'Unknown argument: colour\n' }),
  ]);
  t.strictSame(readdirSync(out).sort(), ['map-keys.svg', 'redis-compare.svg']);
  t.match(stdout, /map-keys\.svg\n.*redis-compare\.svg\n$/);
  t.strictSame(readdirSync(broken), ['map-keys.csv'], 'nothing is written of what is wrong');
});
