/**
 * The house rules of the code: imports run one way, never in a circle, and the map imports nothing but itself and
 * Node. Read from the sources, so that type imports count too.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * What each part may import, beside itself. Nobody imports `bin`, `index` or `bench`. `bin` puts the parts together:
 * it names the store that the supervisor's `serve` is given. `config`, `limits` and `telemetry` are leaves to
 * everybody above; among themselves they go from telemetry, which tells what the others count, over limits to
 * config, which asks the map what sizes it takes.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  bin: ['supervisor', 'store', 'client', 'config', 'telemetry', 'bench'],
  index: ['shards', 'adapters'],
  adapters: ['shards'],
  client: ['config'],
  bench: ['client', 'shards', 'config', 'telemetry'],
  supervisor: ['worker', 'server', 'wire', 'commands', 'store', 'shards', 'telemetry', 'limits', 'config'],
  worker: ['server', 'wire', 'commands', 'store', 'shards', 'telemetry', 'limits', 'config'],
  server: ['commands', 'store', 'telemetry', 'limits', 'config'],
  wire: ['commands', 'store', 'telemetry', 'limits', 'config'],
  commands: ['store', 'shards', 'telemetry', 'limits', 'config'],
  store: ['shards', 'telemetry', 'config'],
  telemetry: ['shards', 'limits', 'config'],
  limits: ['config'],
  config: ['shards'],
  shards: [],
};

/** Sources by path from the root, with `/`. */
type Sources = ReadonlyMap<string, string>;

interface Import {
  readonly from: string;
  /** A path from the root for own files, otherwise the specifier. */
  readonly to: string;
}

/** What breaks a rule, a line each. */
function violations(sources: Sources): string[] {
  const imports = [...sources].flatMap(([path, source]) => importsOf(path, source));
  const wrong: string[] = [];
  for (const { from, to } of imports) {
    const part = partOf(from);
    const isOwn = sources.has(to);
    if (part === 'shards' && !isOwn && !to.startsWith('node:')) {
      wrong.push(`${from} imports ${to}: shards/ may import node: built-ins and its own files only`);
    } else if (isOwn && partOf(to) !== part && !(MAY_IMPORT[part] ?? []).includes(partOf(to))) {
      wrong.push(`${from} imports ${to}: ${part} may not import ${partOf(to)}`);
    }
  }
  const own = imports.filter(({ to }) => sources.has(to));
  return [...wrong, ...circles([...sources.keys()], own).map((circle) => `circle: ${circle.join(' -> ')}`)];
}

/** `src/server/routes/table.ts` is of the part `server`, `src/client.ts` of `client`. */
function partOf(path: string): string {
  const [top = '', second = ''] = path.split('/');
  return top === 'src' ? posix.basename(second, '.ts') : top;
}

/** Imports, re-exports, dynamic imports, and files that are started by their URL. */
const SPECIFIERS = [
  /\b(?:import|export)\b[^'";]*?\bfrom\s*'([^']+)'/g,
  /\bimport\s*\(?\s*'([^']+)'/g,
  /\bnew URL\(\s*'(\.[^']+\.js)'/g,
];

function importsOf(from: string, source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return SPECIFIERS.flatMap((pattern) => [...code.matchAll(pattern)]).map(([, specifier = '']) => ({
    from,
    to: specifier.startsWith('.')
      ? posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts')
      : specifier,
  }));
}

/** Circles among files, each once. */
function circles(files: readonly string[], imports: readonly Import[]): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start !== -1) found.push([...path.slice(start), file]);
    if (start !== -1 || done.has(file)) return;
    for (const { from, to } of imports) if (from === file) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  return found;
}

function ownSources(): Sources {
  const sources = new Map<string, string>();
  for (const folder of ['bin', 'src', 'shards']) {
    for (const name of readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const path = posix.join(folder, name.replaceAll('\\', '/'));
      sources.set(path, readFileSync(`${ROOT}${path}`, 'utf8'));
    }
  }
  return sources;
}

test('the sources keep the rules', (t) => {
  const sources = ownSources();
  t.ok(sources.has('bin/hotshard.ts') && sources.has('shards/index.ts'), 'they were found');
  t.strictSame(violations(sources), []);
  t.end();
});

test('every part of the sources has its rules, and every import of an own file is recognised', (t) => {
  const sources = ownSources();
  t.strictSame(
    [...new Set([...sources.keys()].map(partOf))].filter((part) => !(part in MAY_IMPORT)),
    [],
  );
  const dangling = [...sources]
    .flatMap(([path, source]) => importsOf(path, source))
    .filter(({ to }) => to.endsWith('.ts') && !sources.has(to));
  t.strictSame(dangling, []);
  t.end();
});

test('what breaks a rule is found', (t) => {
  const found = (sources: Readonly<Record<string, string>>) => violations(new Map(Object.entries(sources)));

  t.strictSame(
    found({
      'src/server/a.ts': "import type { B } from '../worker/b.js';",
      'src/worker/b.ts': '// import from nowhere',
    }),
    ['src/server/a.ts imports src/worker/b.ts: server may not import worker'],
    'an upward arrow, of a type too',
  );
  t.strictSame(
    found({
      'src/limits/a.ts': "const b = await import('../telemetry/b.js');",
      'src/telemetry/b.ts': '/* import "./c.js" */',
    }),
    ['src/limits/a.ts imports src/telemetry/b.ts: limits may not import telemetry'],
    'a dynamic one',
  );
  t.match(
    found({
      'shards/a.ts': "export * from '../src/config/b.js';\nimport { z } from 'zod';\nimport 'node:os';",
      'src/config/b.ts': '',
    }).sort(),
    [/shards\/a\.ts imports src\/config\/b\.ts/, /shards\/a\.ts imports zod/],
    'whatever the map imports from outside',
  );
  t.strictSame(
    found({
      'shards/a.ts': "import {\n  b,\n} from './b.js';",
      'shards/b.ts': "import { c } from './c.js';",
      'shards/c.ts': "new Worker(new URL('./a.js', import.meta.url));",
    }),
    ['circle: shards/a.ts -> shards/b.ts -> shards/c.ts -> shards/a.ts'],
    'a circle, one that goes by the URL of a worker file too',
  );
  t.end();
});
