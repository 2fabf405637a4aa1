/** `--snapshot` as users see it: what is in the map when the server is stopped is there when it is started again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import t, { type Test } from 'tap';
import { SharedCache } from '../../shards/index.js';
import { quote } from '../../src/config/errors.js';
import { serve } from '../../src/supervisor/supervisor.js';
import { hotshard } from '../bin/fixtures/run.js';
import { plain } from '../plain.js';
import { type LogLine, type Served, serveWith } from '../store/fixtures/served.js';
import { testConfig } from './fixtures/config.js';

const MIB = 1024 * 1024;
const WARN = 40;
const SECOND_SIGNAL = fileURLToPath(new URL('./fixtures/second-signal.js', import.meta.url));

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly cache: string | null;
}

async function ask(url: string, method = 'GET', body?: string | Uint8Array<ArrayBuffer>): Promise<Answer> {
  const response = await fetch(url, { method, ...(body === undefined ? {} : { body }) });
  return { status: response.status, text: await response.text(), cache: response.headers.get('x-cache') };
}

function fileOf(t: Test): string {
  return join(t.testdir(), 'map.snapshot');
}

async function stop(t: Test, served: Served, exitCode = 0): Promise<void> {
  served.stop();
  t.equal(await served.ended, exitCode);
}

function warnings({ log }: Served): LogLine[] {
  return log.filter(({ level }) => level >= WARN);
}

/** Places of the first lines that begin so: they rise. */
function inOrder({ log }: Served, ...messages: readonly string[]): boolean {
  const places = messages.map((message) => log.findIndex(({ msg }) => msg.startsWith(message)));
  return places.every((place, i) => place >= 0 && (i === 0 || place > (places[i - 1] ?? 0)));
}

for (const workers of ['0', '2']) {
  t.test(`with ${workers} workers`, async (t) => {
    const start = (path: string, ...args: string[]) =>
      serveWith(t, ['--workers', workers, '--snapshot', path, ...args]);

    t.test('what was stored is there after a restart, in another size too', async (t) => {
      const path = fileOf(t);
      const large = Buffer.alloc(300_000, 'large');
      const first = await start(path);
      t.match(await first.logged('there is no snapshot'), { level: 30, path });
      await ask(`${first.url}/store/key`, 'PUT', 'value');
      await ask(`${first.url}/store/large`, 'PUT', Uint8Array.from(large));
      await ask(`${first.url}/store/hour?ttl=3600`, 'PUT', 'an hour');
      await ask(`${first.url}/store/gone?ttl=0.001`, 'PUT', 'gone');
      while ((await ask(`${first.url}/get/gone`)).status === 200);
      await stop(t, first);
      t.match(await first.logged(`the snapshot ${JSON.stringify(path)} is written`), {
        level: 30,
        entries: 3,
      });
      t.ok(inOrder(first, 'draining', 'writing the snapshot', 'the snapshot', 'stopped'));

      const second = await start(path, '--max-memory', '4mb', '--shards', '3');
      t.equal((await ask(`${second.url}/readyz`)).status, 200);
      t.match(await second.logged('the snapshot'), { level: 30, entries: 3, keys: 3, expired: 0 });
      t.strictSame(await ask(`${second.url}/get/key`), { status: 200, text: 'value', cache: 'hit' });
      t.equal((await ask(`${second.url}/get/large`)).text, large.toString());
      t.equal((await ask(`${second.url}/get/gone`)).status, 404);
      await ask(`${second.url}/store/key`, 'PUT', 'another value');
      await stop(t, second);

      const restored = SharedCache.restore(path, { maxMemory: MIB });
      t.equal(restored.getString('key'), 'another value');
      const left = restored.ttl('hour') ?? 0;
      t.ok(left > 3_000_000 && left < 3_600_000, `${left} ms of the hour are left`);
      t.strictSame([...warnings(first), ...warnings(second)], []);
    });

    t.test('a request that is finished while it drains is in the snapshot', async (t) => {
      const path = fileOf(t);
      const served = await start(path);
      const late = request(`${served.url}/store/late`, { method: 'PUT', headers: { 'content-length': 10 } });
      late.write('first');
      while (JSON.parse((await ask(`${served.url}/stats`)).text).limits.inFlight < 2);
      served.stop();
      await served.logged('draining');
      late.end(' last');
      const [response] = (await once(late, 'response')) as [IncomingMessage];
      response.resume();
      t.equal(response.statusCode, 200);
      t.equal(await served.ended, 0);
      t.equal(SharedCache.restore(path, { maxMemory: MIB }).getString('late'), 'first last');
    });

    t.test('times to live go on while it is down', async (t) => {
      const path = fileOf(t);
      const cache = SharedCache.create({ maxMemory: MIB });
      cache.set('short', 'value', { ttl: 800 });
      cache.set('long', 'value', { ttl: 1e9 });
      cache.save(path);
      const served = await start(path);
      while ((await ask(`${served.url}/get/short`)).status === 200);
      t.equal((await ask(`${served.url}/get/short`)).status, 404);
      t.equal((await ask(`${served.url}/get/long`)).status, 200);
    });

    t.test('a file that is refused: one warning, empty, ready, and the file is kept', async (t) => {
      const path = fileOf(t);
      const cache = SharedCache.create({ maxMemory: MIB });
      for (let i = 0; i < 1_000; i++) cache.set(`key${i}`, 'value');
      cache.save(path);
      const content = readFileSync(path);
      content[20_000] = (content[20_000] ?? 0) ^ 1;
      writeFileSync(path, content);

      const served = await start(path);
      t.equal((await ask(`${served.url}/readyz`)).status, 200);
      const kept = `${path}.refused`;
      t.match(warnings(served), [
        {
          level: WARN,
          msg: `the snapshot ${JSON.stringify(path)} is corrupted: a checksum is wrong: starting empty, the file is kept as ${JSON.stringify(kept)}`,
        },
      ]);
      t.equal(JSON.parse((await ask(`${served.url}/stats`)).text).keys, 0);
      await ask(`${served.url}/store/new`, 'PUT', 'value');
      await stop(t, served);
      t.strictSame(readFileSync(kept), content);
      t.strictSame([...SharedCache.restore(path, { maxMemory: MIB }).keys()], ['new']);
    });

    t.test('a snapshot that can not be written: an error, and exit code 1', async (t) => {
      const path = fileOf(t);
      const served = await start(path);
      mkdirSync(path);
      await stop(t, served, 1);
      t.match(warnings(served), [{ level: 50, msg: /^the snapshot .* could not be written: .* no file$/ }]);
      t.ok(inOrder(served, 'the snapshot', 'stopped'));
    });

    t.test('beside a data file: its lines replace older ones, not what users stored', async (t) => {
      const path = fileOf(t);
      const data = join(dirname(path), 'data');
      writeFileSync(data, 'file old\nboth old\nremoved old\n');
      const first = await start(path, '--load', data);
      await first.logged('the data file is loaded');
      await ask(`${first.url}/store/both`, 'PUT', 'mine');
      await stop(t, first);

      writeFileSync(data, 'file new\nboth new\n');
      const second = await start(path, '--load', data);
      await second.logged('the data file is loaded');
      const values = ['file', 'both', 'removed'].map(
        async (key) => (await ask(`${second.url}/get/${key}`)).text,
      );
      t.strictSame(await Promise.all(values), ['new', 'mine', 'old']);
      t.strictSame(warnings(second), []);
    });
  });
}

t.test('what does not fit is said in a warning', async (t) => {
  const path = fileOf(t);
  const cache = SharedCache.create({ maxMemory: MIB });
  for (let i = 0; i < 1_000; i++) cache.set(`key${i}`, 'value');
  cache.save(path);
  const served = await serveWith(t, ['--workers', '0', '--snapshot', path, '--max-keys', '100']);
  t.match(warnings(served), [{ msg: 'the snapshot does not fit: 900 entries were left out', leftOut: 900 }]);
});

t.test('a second signal while it is written ends at once and leaves the old one', async (t) => {
  const path = fileOf(t);
  const child = spawn(...plain(process.execPath, [SECOND_SIGNAL, path, '48']), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let log = '';
  let before: Buffer | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    log += text;
    if (log.includes('is restored')) before ??= readFileSync(path);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  t.equal(code, 143);
  t.match(log, /writing the snapshot.*\n.*second signal: stopping at once/);
  t.notMatch(log, /is written/);
  t.ok(before?.equals(readFileSync(path)), 'the old one');
  t.strictSame(readdirSync(dirname(path)), [basename(path)], 'and nothing beside it');
});

t.test('a signal while it is restored ends with exit code 0 and leaves it as it is', async (t) => {
  const path = fileOf(t);
  const cache = SharedCache.create({ maxMemory: 16 * MIB });
  for (let i = 0; i < 5; i++) cache.set(`large${i}`, Buffer.alloc(MIB, i));
  cache.save(path);
  const content = readFileSync(path);

  const listeners = new Map<string, () => void>();
  const { restoreSteps } = SharedCache;
  t.teardown(() => {
    SharedCache.restoreSteps = restoreSteps;
  });
  SharedCache.restoreSteps = function* (...args) {
    const steps = restoreSteps.apply(SharedCache, args);
    steps.next();
    listeners.get('SIGTERM')?.();
    yield;
    t.fail('it goes on');
    return yield* steps;
  };
  const messages: string[] = [];
  const logger = pino({}, { write: (line: string) => messages.push(JSON.parse(line).msg) });
  const exit = new Promise<number>((resolve) => {
    const signals = {
      on: (signal: string, listener: () => void) => listeners.set(signal, listener),
      removeListener: (signal: string) => listeners.delete(signal),
    };
    const config = testConfig({ snapshot: path, workers: 0, maxMemory: 16 * MIB, maxValueSize: MIB });
    serve(config, logger, { signals, exit: resolve }).catch((error) => t.fail(error));
  });
  t.equal(await exit, 0);
  t.strictSame(messages, ['draining: what is in flight is finished', 'stopped']);
  t.ok(content.equals(readFileSync(path)));
});

t.test('a place that no snapshot can be written to is refused at the start', async (t) => {
  const directory = t.testdir({ data: 'key value\n', file: '' });
  const missing = join(directory, 'none', 'map.snapshot');
  const start = ['--port', '0', '--workers', '0', '--snapshot'];
  const allowed = 'must be the path of a file, in a directory that is there and can be written to';
  for (const [path, why, args] of [
    [missing, /: ENOENT: no such file or directory/, []],
    [directory, /: it is a directory/, []],
    [`${directory}/`, /: it is the path of a directory/, []],
    [join(directory, 'file', 'map.snapshot'), /: (ENOTDIR: not a directory|".*" is no directory)/, []],
    [join(directory, 'data'), /: it is the data file of --load/, ['--load', join(directory, 'data')]],
    ...(process.platform === 'win32' ? [] : ([['/dev/null', /: it is no regular file/, []]] as const)),
  ] as const) {
    const { code, stderr } = await hotshard([...start, path, ...args]);
    t.equal(code, 2, path);
    t.match(stderr, `hotshard: bad value ${quote(path)} for --snapshot: ${allowed}`);
    t.match(stderr, why);
    t.equal(stderr.trimEnd().split('\n').length, 1, 'one line');
  }
  t.ok(existsSync(join(directory, 'data')));
});
