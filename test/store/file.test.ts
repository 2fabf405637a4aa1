/** A data file loaded into a map: what arrives there, and what is said about the rest. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, openSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import t, { type Test } from 'tap';
import { type CacheOptions, SharedCache } from '../../shards/index.js';
import { type DataFile, DataFileError, openDataFile } from '../../src/store/file.js';

const MIB = 2 ** 20;

interface LogLine {
  readonly level: number;
  readonly msg: string;
}

interface Loaded {
  readonly map: SharedCache;
  readonly log: readonly LogLine[];
}

function fileOf(t: Test, content: string | Uint8Array): string {
  const path = join(t.testdir(), 'data');
  writeFileSync(path, content);
  return path;
}

/** A named pipe that a process writes the content to as soon as it is read. */
function pipeOf(t: Test, content: string): string {
  const directory = t.testdir({ content });
  const path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  const writer = spawn('sh', ['-c', 'cat content > pipe'], { cwd: directory, stdio: 'ignore' });
  const ended = once(writer, 'exit');
  t.teardown(async () => {
    writer.kill();
    await ended;
  });
  return path;
}

async function load(
  file: DataFile,
  options: Partial<CacheOptions> = {},
  prepare: (map: SharedCache) => void = () => {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Loaded> {
  const map = SharedCache.create({ maxMemory: 8 * MIB, ...options });
  const log: LogLine[] = [];
  const logger = pino({ base: null }, { write: (line: string) => log.push(JSON.parse(line)) });
  prepare(map);
  await file.load({ map, logger, signal });
  return { map, log };
}

t.test('its entries are in the map, the last one of a key', async (t) => {
  const { map, log } = await load(openDataFile(fileOf(t, 'a 1\nb two words\nc \na 3\n')));
  t.equal(map.size, 3);
  t.equal(map.getString('a'), '3');
  t.equal(map.getString('b'), 'two words');
  t.equal(map.getString('c'), '');
  t.match(log, [
    { level: 30, msg: /^loading the data file "/ },
    {
      level: 30,
      lines: 4,
      keys: 3,
      malformed: 0,
      bytes: 23,
      msg: /^the data file is loaded: 4 lines, 3 keys/,
    },
  ]);
  t.equal(log.length, 2);
});

t.test('values of all sizes come as they are, over many chunks', async (t) => {
  const sizes = [0, 1, 15, 16, 17, 63, 64, 65, 4095, 4096, 4097, 33_333, 400_000, 1_000_000];
  const digits = (size: number): string => Array.from({ length: size }, (_, i) => (i * size) % 10).join('');
  const content = sizes.map((size) => `key-${size} ${digits(size)}\n`).join('');
  const { map } = await load(openDataFile(fileOf(t, content)), { maxMemory: 64 * MIB });
  for (const size of sizes) t.ok(map.getString(`key-${size}`) === digits(size), `${size} bytes`);
  t.strictSame(map.integrityErrors(), []);
});

t.test('what was stored before stays', async (t) => {
  const file = openDataFile(fileOf(t, 'a 1\nb 2\n'));
  const { map } = await load(file, {}, (map) => map.set('a', 'mine'));
  t.equal(map.getString('a'), 'mine');
  t.equal(map.getString('b'), '2');
});

t.test('the default time to live holds for its entries', async (t) => {
  const { map } = await load(openDataFile(fileOf(t, 'a 1\n')), { ttl: 60_000 });
  const ttl = map.ttl('a') ?? 0;
  t.ok(ttl > 0 && ttl <= 60_000, `${ttl} ms`);
});

t.test('an empty file is a file', async (t) => {
  for (const path of [fileOf(t, ''), '/dev/null']) {
    const { map, log } = await load(openDataFile(path));
    t.equal(map.size, 0);
    t.match(log.at(-1), { level: 30, lines: 0, keys: 0 });
  }
});

t.test('malformed lines are reported by number and reason, not by content', async (t) => {
  const content = 'a 1\nsecret\nb 2\nc hush\xff\nd toolargeavalue\n';
  const { log } = await load(openDataFile(fileOf(t, Buffer.from(content, 'latin1'))), { maxValueSize: 10 });
  t.match(log[1], {
    level: 40,
    malformed: { 'no value': 1, 'value too large': 1, 'not UTF-8': 1 },
    first: [
      { line: 2, reason: 'no value' },
      { line: 4, reason: 'not UTF-8' },
      { line: 5, reason: 'value too large' },
    ],
    msg: '3 malformed lines of the data file skipped (1 no value, 1 value too large, 1 not UTF-8), the first: line 2 (no value), line 4 (not UTF-8), line 5 (value too large)',
  });
  t.match(log[2], { level: 30, lines: 5, keys: 2, malformed: 3 });
  t.notMatch(JSON.stringify(log), /secret|hush|toolarge/);
});

t.test(
  'without an index a warning says how much did not fit',
  { skip: process.platform === 'win32' },
  async (t) => {
    const content = Array.from({ length: 20_000 }, (_, i) => `key-${i} ${'x'.repeat(100)}\n`).join('');
    for (const options of [{ maxMemory: MIB }, { maxKeys: 1000 }]) {
      const { map, log } = await load(openDataFile(pipeOf(t, content)), options);
      const kept = map.size;
      t.ok(kept >= 1000 && kept < 20_000);
      // A slow machine logs how far it has come in between.
      const warning = log.find(({ level }) => level === 40);
      t.match(warning, { lines: 20_000, kept, leftOut: 20_000 - kept });
      t.match(warning?.msg, /^the data file does not fit: 20000 lines read, \d+ kept, \d+ left out/);
      t.match(log.at(-1), { level: 30, lines: 20_000, keys: kept });
      t.equal(map.has('key-19999'), true, 'the last lines are the ones that stay');
    }
  },
);

t.test('without an index an entry that can never fit is left out', async (t) => {
  const content = `a 1\nb ${'x'.repeat(60_000)}\n`;
  const { map, log } = await load(openDataFile(pipeOf(t, content)), { maxMemory: 64 * 1024 });
  t.match(
    log.find(({ level }) => level === 40),
    { lines: 2, kept: 1, leftOut: 1 },
  );
  t.equal(map.size, 1);
});

t.test('a file gets an index unless all of it is sure to stay in memory', async (t) => {
  const content = Array.from({ length: 1000 }, (_, i) => `key-${i} ${'x'.repeat(100)}\n`).join('');
  const large = `a 1\nb ${'x'.repeat(60_000)}\n`;
  for (const [text, options, lines] of [
    [content, {}, 0],
    [content, { maxKeys: 1000 }, 0],
    [content, { maxKeys: 999 }, 1000],
    [content, { maxMemory: 256 * 1024 }, 1000],
    [content, { ttl: 60_000 }, 1000],
    [large, { maxMemory: 64 * 1024 }, 2],
    [large, {}, 2],
  ] as const) {
    const file = openDataFile(fileOf(t, text));
    const { map, log } = await load(file, options);
    const { segments = [] } = file.store?.index ?? {};
    const bytes = segments.reduce((sum, { byteLength }) => sum + byteLength, 0);
    t.equal(bytes > 0, lines > 0, JSON.stringify(options));
    t.ok(bytes <= 16 * lines, `${bytes} bytes`);
    t.strictSame(
      log.filter(({ level }) => level > 30),
      [],
    );
    if (lines > 0) {
      t.match(log[1], { level: 30, keys: map.size });
      t.match(
        log[1]?.msg,
        new RegExp(`^${map.size} keys? of the data file in memory, .* is read from the file`),
      );
    }
  }
});

t.test('keys of the snapshot count: there may be no room beside them', async (t) => {
  const file = openDataFile(fileOf(t, 'a 1\nb 2\n'));
  await load(file, { maxKeys: 2 }, (map) => map.set('c', '3'));
  t.ok(file.store?.index.segments[0]?.byteLength);
});

t.test('a full map is not filled on, but follows later lines of what it has', async (t) => {
  const lines = (value: string) =>
    Array.from({ length: 10_000 }, (_, i) => `key-${i} ${value.repeat(100)}\n`).join('');
  const { map } = await load(openDataFile(fileOf(t, lines('1') + lines('2'))), { maxMemory: MIB });
  t.ok(map.stats().evictions < 5000, `${map.stats().evictions} evictions`);
  t.ok(map.size > 1000);
  const outdated = [...map.keys()].filter((key) => map.getString(key) !== '2'.repeat(100));
  t.equal(outdated.length, 0);
});

t.test('what is no regular file has no store', async (t) => {
  t.equal(openDataFile('/dev/null').store, undefined);
  t.equal(openDataFile(fileOf(t, '')).store, undefined);
  t.type(openDataFile(fileOf(t, 'a 1')).store, 'object');
});

t.test('a file that gets shorter ends there, with a warning', async (t) => {
  const path = fileOf(t, 'a 1\nb 2\n');
  const file = openDataFile(path);
  truncateSync(path, 4);
  const { map, log } = await load(file);
  t.strictSame([...map.keys()], ['a']);
  t.match(log[1], { level: 40, size: 8, bytes: 4 });
});

t.test('a file that is written to is read to its end', async (t) => {
  const path = fileOf(t, 'a 1\n');
  const file = openDataFile(path);
  writeFileSync(path, 'b 2\n', { flag: 'a' });
  t.equal((await load(file)).map.size, 2);
});

t.test('a file that can not be read is refused in one line', async (t) => {
  const directory = t.testdir({ file: '' });
  for (const [path, reason] of [
    [join(directory, 'none'), 'there is no such file'],
    [join(directory, 'file', 'none'), 'there is no such file'],
    [directory, 'it is a directory'],
  ] as const) {
    t.throws(
      () => openDataFile(path),
      new DataFileError(`cannot read the data file ${JSON.stringify(path)} (--load): ${reason}`),
    );
  }
});

t.test(
  'a file without permission is refused',
  { skip: process.getuid?.() === 0 && 'root may read everything' },
  async (t) => {
    const path = fileOf(t, 'a 1\n');
    execFileSync('chmod', ['0', path]);
    t.throws(() => openDataFile(path), /\(--load\): no permission$/);
  },
);

t.test('an error while reading is passed on', { skip: process.platform !== 'linux' }, async (t) => {
  // There is no memory at address 0.
  await t.rejects(load(openDataFile('/proc/self/mem')), { code: 'EIO' });
});

t.test('when it is told to stop it does, quietly', async (t) => {
  const ending = new AbortController();
  ending.abort();
  const { map, log } = await load(openDataFile(fileOf(t, 'a 1\n')), {}, undefined, ending.signal);
  t.equal(map.size, 0);
  t.equal(log.length, 1);
});

t.test('a named pipe', { skip: process.platform === 'win32' }, async (t) => {
  const path = join(t.testdir(), 'pipe');
  execFileSync('mkfifo', [path]);

  t.test('is opened without waiting for a writer, and read to the end of the last one', async (t) => {
    const file = openDataFile(path);
    const loaded = load(file);
    const writer = await open(path, 'w');
    await writer.write('a 1\nb');
    await writer.write(' 2');
    await writer.close();
    const { map, log } = await loaded;
    t.strictSame([...map.keys()].sort(), ['a', 'b']);
    t.match(log.at(-1), { level: 30, lines: 2, bytes: 7 });
  });

  t.test('is left when it is told to stop, with or without a writer', async (t) => {
    for (const hasWriter of [false, true]) {
      const file = openDataFile(path);
      const ending = new AbortController();
      const writer = hasWriter ? await open(path, 'w') : undefined;
      const loaded = load(file, {}, undefined, ending.signal);
      ending.abort();
      t.equal((await loaded).log.length, 1);
      await writer?.close();
      t.throws(() => openSync(path, constants.O_WRONLY | constants.O_NONBLOCK), { code: 'ENXIO' });
    }
  });
});
