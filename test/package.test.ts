/**
 * The package as its users get it: packed, installed into an empty folder without development dependencies, and then
 * run, imported and type-checked there.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'tap';
import { plain } from './plain.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TIMEOUT = 100_000;

const app = realpathSync(mkdtempSync(join(tmpdir(), 'hotshard-package-')));
const installed = join(app, 'node_modules/hotshard');

test('the package works where it is installed', { timeout: 2 * TIMEOUT }, async (t) => {
  t.teardown(() => rmSync(app, { recursive: true, force: true }));
  const manifest = readJson(join(ROOT, 'package.json')) as Manifest;
  await install();

  t.test('it holds what is needed to run it, and nothing else', async (t) => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(installed, name)).isFile())
      .map((name) => name.replaceAll('\\', '/'));
    for (const name of [
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'package.json',
      'dist/bin/hotshard.js',
      'dist/src/index.js',
      'dist/src/index.d.ts',
      'dist/src/adapters/keyv.js',
      'dist/src/adapters/keyv.d.ts',
      'dist/src/adapters/catbox.js',
      'dist/src/adapters/catbox.d.ts',
      'dist/src/worker/main.js',
      'dist/shards/index.d.ts',
      'src/telemetry/alerts.yaml',
      'src/telemetry/grafana-dashboard.json',
    ]) {
      t.ok(files.includes(name), name);
    }
    const allowed =
      /^(?:(?:README|CHANGELOG)\.md|LICENSE|package\.json|src\/telemetry\/[\w-]+\.(?:json|yaml)|dist\/(?:bin|src|shards)\/.+\.(?:js|js\.map|d\.ts))$/;
    t.strictSame(
      files.filter((name) => !allowed.test(name)),
      [],
    );
    const modules = files.filter((name) => name.endsWith('.js'));
    const needed = needs('dist/bin/hotshard.js');
    const isOfBench = (name: string) => name.startsWith('dist/src/bench/');
    t.strictSame(
      modules.filter(isOfBench).sort(),
      needed.files.filter(isOfBench).sort(),
      'of the benchmarks what the command needs: the others need development dependencies',
    );
    const { dependencies, optionalDependencies } = manifest;
    t.strictSame(
      needed.packages.filter((name) => !(name in { ...dependencies, ...optionalDependencies })),
      [],
    );
    t.notOk(existsSync(join(app, 'node_modules/lru-cache')), 'nor any of those');
    t.notOk(existsSync(join(app, 'node_modules/keyv')), 'nor Keyv, which is an optional peer');
    const map = readJson(join(installed, 'dist/shards/shared-cache.js.map')) as { sourcesContent?: string[] };
    t.match(map.sourcesContent, [/export class SharedCache/], 'source maps bring their sources along');
  });

  t.test('npx hotshard --version', async (t) => {
    const { stdout } = await run('npx', ['--no-install', 'hotshard', '--version']);
    t.equal(stdout, `${manifest.version}\n`);
  });

  t.test('npx hotshard serves, and ends with 0 when told to', async (t) => {
    // The program that npx would start, so that the signal meets it and not npx.
    const server = spawn(
      ...plain(process.execPath, [join(installed, 'dist/bin/hotshard.js'), '--port', '0']),
      {
        cwd: app,
        env: environment(),
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    t.teardown(() => server.kill('SIGKILL'));
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    const { address } = JSON.parse(line) as { address: string };
    await fetch(`${address}/store/greeting`, { method: 'POST', body: 'hello' });
    t.equal(await (await fetch(`${address}/get/greeting`)).text(), 'hello');
    const exit = once(server, 'exit');
    server.kill('SIGTERM');
    t.strictSame(await exit, [0, null]);
  });

  t.test('npx hotshard bench measures it, where autocannon is installed', async (t) => {
    const bench = [join(installed, 'dist/bin/hotshard.js'), 'bench', '--quick', '--duration', '100ms'];
    const { stdout } = await run(process.execPath, bench);
    t.match(stdout, /^Throughput, requests per second +\d/m);
    t.match(stdout, new RegExp(`^Written: ${join('hotshard-bench', 'bench.csv')}$`, 'm'));
    const { machine } = readJson(join(app, 'hotshard-bench/bench.json')) as { machine: { commit: string } };
    t.equal(machine.commit, 'unknown');
    rmSync(join(app, 'node_modules/autocannon'), { recursive: true });
    const failure = await run(process.execPath, bench).catch((error: unknown) => error);
    t.match(failure, { code: 1, stderr: /^hotshard: autocannon[^\n]+: npm install autocannon\n$/ });
  });

  t.test('a program imports it, or requires it', async (t) => {
    const use = "const cache = SharedCache.create({ maxMemory: 65536 });\ncache.set('k', 'v');\n";
    const print = "console.log(cache.getString('k'));\n";
    writeFileSync(join(app, 'program.mjs'), `import { SharedCache } from 'hotshard';\n${use}${print}`);
    writeFileSync(join(app, 'program.cjs'), `const { SharedCache } = require('hotshard');\n${use}${print}`);
    for (const program of ['program.mjs', 'program.cjs']) {
      const { stdout } = await run(process.execPath, [program]);
      t.equal(stdout, 'v\n', program);
    }
    const manifestPath = "console.log(require('hotshard/package.json').name)";
    t.equal((await run(process.execPath, ['-e', manifestPath])).stdout, 'hotshard\n');
    const adapters = `
      for (const name of ['keyv', 'catbox']) {
        const required = require('hotshard/' + name).default;
        import('hotshard/' + name).then(({ default: imported }) => {
          const { cache } = new imported({ maxMemory: 65536 });
          console.log(imported === required, cache instanceof require('hotshard').SharedCache);
        });
      }`;
    t.equal((await run(process.execPath, ['-e', adapters])).stdout, 'true true\n'.repeat(2), 'adapters too');
    const deep = "require('hotshard/dist/shards/index.js')";
    const failure = await run(process.execPath, ['-e', deep]).catch((error: unknown) => error);
    t.match(failure, { stderr: /ERR_PACKAGE_PATH_NOT_EXPORTED/ }, 'what is not exported is private');
  });

  t.test('its types hold without those of Node and without skipping checks', async (t) => {
    writeFileSync(join(app, 'types.mts'), TYPED_PROGRAM);
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    for (const [module, moduleResolution] of [
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ] as const) {
      const config = {
        compilerOptions: {
          ...{ module, moduleResolution, target: 'es2022', lib: ['es2022'], types: [], noEmit: true },
          ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
        },
        files: ['types.mts'],
      };
      writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(config));
      const { stdout } = await run(process.execPath, [compiler, '-p', '.']).catch((error) => error);
      t.equal(stdout, '', moduleResolution);
    }
  });
});

/** Every member of the library, with the types a program would give them. A wrong use must be an error. */
const TYPED_PROGRAM = `
import { type CacheHandle, type CacheOptions, type CacheStats, type Entry, type Key, SharedCache, type Value } from 'hotshard';
import CatboxHotshard, { type CatboxHotshardOptions, type CatboxItem } from 'hotshard/catbox';
import KeyvHotshard, { type CacheSource, type KeyvHotshardEntry } from 'hotshard/keyv';

const options: CacheOptions = { maxMemory: 65_536, maxKeys: 10, maxValueSize: 100, shards: 1, ttl: 1_000 };
const cache: SharedCache = SharedCache.create(options);
const handle: CacheHandle = cache.handle;
const same: SharedCache = SharedCache.attach(handle);
const key: Key = new Uint8Array([1]);
const value: Value = 'v';
const entries: Entry[] = [['k', 'v'], [key, value, { ttl: 5 }]];
const stored: boolean = same.set(key, value, { ttl: 1_000 });
const all: boolean[] = same.setMany(entries);
const bytes: Uint8Array | undefined = cache.get('k');
const text: string | undefined = cache.getString('k');
const many: (Uint8Array | undefined)[] = cache.getMany(['k', key]);
const there: boolean = cache.has('k');
const left: number | undefined = cache.ttl('k');
const changed: boolean = cache.expire('k', 1_000);
const counter: Uint8Array | undefined = cache.update('n', (current) => (current === undefined ? '1' : undefined));
const keys: string[] = [...cache.keys()];
const stats: CacheStats = cache.stats();
const counts: number = stats.hits + stats.evictions + (stats.shards[0]?.keys ?? 0) + cache.size;
const gone: boolean = cache.delete('k');
cache.clear();
const sources: CacheSource[] = [cache, handle, options, { cache }, { handle }];
const stores: KeyvHotshard[] = sources.map((source) => new KeyvHotshard(source));
const store: KeyvHotshard = new KeyvHotshard(cache);
const storeEntries: KeyvHotshardEntry[] = [{ key: 'k', value: { a: 1 }, ttl: 1_000 }];
const number: number | undefined = await store.get<number>('k');
const storedMany: boolean[] = await store.setMany(storeEntries);
for await (const [name, item] of store.iterator<number>('namespace')) name.length + item;
const engineOptions: CatboxHotshardOptions[] = [{ cache }, { handle, partition: 'p' }, { maxMemory: 65_536 }];
const engine: CatboxHotshard = new CatboxHotshard({ cache, partition: 'p' });
const item: CatboxItem | null = await engine.get({ segment: 's', id: 'i' });
// @ts-expect-error: a cache is needed
new KeyvHotshard({});
// @ts-expect-error: not an option
new CatboxHotshard({ maxMemori: 65_536 });
// @ts-expect-error: a value is text or bytes
cache.set('k', 1);
// @ts-expect-error: the memory must be said
SharedCache.create({});
// @ts-expect-error: made by create and attach only
new SharedCache(handle);
export { all, bytes, changed, counter, counts, gone, keys, left, many, stored, text, there };
export { engineOptions, item, number, storedMany, stores };
`;

/**
 * Packs what has been built and installs it. The new folder begins with the lock file's versions of the dependencies:
 * those are in npm's cache since `npm ci`, so that no network is needed.
 */
async function install(): Promise<void> {
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', app], ROOT);
  const tarball = readdirSync(app).find((name) => name.endsWith('.tgz'));
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true }));
  const lock = readJson(join(ROOT, 'package-lock.json')) as { packages: Record<string, { dev?: boolean }> };
  const dependencies = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  const packages = { '': { name: 'app' }, ...Object.fromEntries(dependencies) };
  writeFileSync(
    join(app, 'package-lock.json'),
    JSON.stringify({ name: 'app', lockfileVersion: 3, requires: true, packages }),
  );
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`]);
}

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

/** What a module of the build imports, and starts by its URL, and what those do. */
function needs(entry: string): { readonly files: readonly string[]; readonly packages: readonly string[] } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    const code = readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
    for (const [, name] of code.matchAll(/(?:\bfrom|\bimport\b\s*\(?|\bnew URL\()\s*'([^']+)'/g)) {
      if (name.startsWith('.') && name.endsWith('.js')) visit(posix.join(posix.dirname(file), name));
      else if (/^[@a-z]/.test(name) && !name.startsWith('node:')) packages.add(packageOf(name));
    }
  };
  visit(entry);
  return { files: [...files], packages: [...packages] };
}

/** `@hapi/hapi` of `@hapi/hapi/lib/x.js`. */
function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Runs a program in the app's folder. Rejects, with its output, when it fails. */
function run(
  program: string,
  args: readonly string[],
  cwd = app,
): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(...plain(program, args), {
    cwd,
    env: environment(),
    timeout: TIMEOUT,
    encoding: 'utf8',
  });
}

/** The environment without what npm and tap have put there for the tests. */
function environment(): NodeJS.ProcessEnv {
  const foreign =
    /^(?:npm_(?:package|lifecycle)_|npm_config_local_prefix$|npm_command$|TAP|HOTSHARD_|PROXY_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
