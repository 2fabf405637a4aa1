/**
 * Snapshots: what was saved comes back, into caches of any size; files that are not whole are refused, whatever is
 * wrong with them; a save leaves the old file or the new one, nothing between.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { type CacheOptions, SharedCache, SnapshotError } from '../../shards/index.js';
import { writeSnapshot } from '../../shards/snapshot.js';
import { encodeHeader, HEADER_BYTES, SNAPSHOT_VERSION } from '../../shards/snapshot-format.js';
import { Draft } from '../../shards/writer.js';
import { Crew, flawsOf, nextTurn } from './crew.js';
import { Rig, Side } from './rig.js';
import { stepping } from './stepping.js';
import { FakeClock, flawIn, provingValue, Random, SEED, seeded, textOf, thrownBy, times } from './support.js';

const CRASH = fileURLToPath(new URL('./fixtures/snapshot-crash.js', import.meta.url));

const KIB = 1024;
const MIB = 1024 * KIB;

const random = new Random(SEED);

function fileOf(t: Test): string {
  return join(t.testdir(), 'map.snapshot');
}

/** A cache of so many small entries, the last one used last. */
function cacheOf(keys: number, options: CacheOptions = { maxMemory: MIB }): SharedCache {
  const cache = SharedCache.create(options);
  for (let i = 0; i < keys; i++) cache.set(`key${i}`, `value ${i}`);
  return cache;
}

function keysOf(cache: SharedCache): string[] {
  return [...cache.keys()].sort();
}

function bytesOf(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, () => random.below(256));
}

/** Files beside a snapshot. */
function others(path: string): string[] {
  return readdirSync(dirname(path)).filter((name) => name !== basename(path));
}

function refusalOf(path: string, options: CacheOptions = { maxMemory: 64 * KIB }): string {
  try {
    SharedCache.restore(path, options);
    return 'restored';
  } catch (error) {
    if (error instanceof SnapshotError) return error.reason;
    throw error;
  }
}

t.test('keys and values of any bytes and lengths come back', async (t) => {
  const path = fileOf(t);
  const cache = SharedCache.create({ maxMemory: 8 * MIB, maxValueSize: 2 * MIB, shards: 2 });
  const entries = new Map<string, { key: Uint8Array; value: Uint8Array }>();
  const put = (key: Uint8Array, value: Uint8Array): void => {
    t.ok(cache.set(key, value));
    entries.set(Buffer.from(key).toString('hex'), { key, value });
  };
  for (let length = 0; length < 70; length++) put(bytesOf(1 + random.below(512)), bytesOf(length));
  for (let length = 1; length <= 512; length += 7) put(bytesOf(length), bytesOf(random.below(300)));
  for (const length of [10_000, 65_536, 100_001, 1_000_003]) put(bytesOf(20), bytesOf(length));
  put(new Uint8Array(8), new Uint8Array(0));
  put(new Uint8Array(512).fill(255), new Uint8Array(1024));

  t.equal(cache.save(path), entries.size);
  const restored = SharedCache.restore(path, { maxMemory: 8 * MIB, maxValueSize: 2 * MIB });
  t.equal(restored.size, entries.size, seeded('all keys'));
  for (const { key, value } of entries.values()) {
    const found = restored.get(key);
    if (found === undefined || Buffer.compare(found, value) !== 0) t.fail(seeded(`${value.length} bytes`));
  }
  t.strictSame(restored.integrityErrors(), []);
  t.strictSame(others(path), [], 'nothing else is left');
  if (process.platform !== 'win32') t.equal(statSync(path).mode & 0o777, 0o600, 'for its owner only');
});

t.test('an empty cache is saved and restored too', async (t) => {
  const path = fileOf(t);
  t.equal(SharedCache.create({ maxMemory: 64 * KIB }).save(path), 0);
  t.equal(SharedCache.restore(path, { maxMemory: 64 * KIB }).size, 0);
});

t.test('saving and restoring count as nothing', async (t) => {
  const path = fileOf(t);
  const cache = cacheOf(10);
  const before = cache.stats();
  cache.save(path);
  t.strictSame(cache.stats(), before);
  const { hits, misses, sets, deletes, evictions } = SharedCache.restore(path, { maxMemory: MIB }).stats();
  t.strictSame(
    { hits, misses, sets, deletes, evictions },
    { hits: 0, misses: 0, sets: 0, deletes: 0, evictions: 0 },
  );
});

t.test('entries expire when they would have expired, with the time between', async (t) => {
  const clock = new FakeClock();
  t.teardown(() => clock.restore());
  const path = fileOf(t);
  const cache = SharedCache.create({ maxMemory: 64 * KIB });
  cache.set('over at the save', '1', { ttl: 100 });
  cache.set('over at the restore', '2', { ttl: 1_000 });
  cache.set('long', '3', { ttl: 100_000 });
  cache.set('longest', '4', { ttl: 1e15 });
  cache.set('for ever', '5');
  clock.now += 100;
  t.equal(cache.save(path), 4, 'what has expired is not saved');
  clock.now += 900;
  const { cache: restored, expired } = completed(
    SharedCache.restoreSteps(path, { maxMemory: 64 * KIB, ttl: 7 }),
  );
  t.equal(expired, 1);
  t.equal(restored.size, 3, 'it takes no room');
  t.strictSame(keysOf(restored), ['for ever', 'long', 'longest']);
  t.equal(restored.ttl('long'), 99_000);
  t.equal(restored.ttl('longest'), 1e15 - 1_000);
  t.equal(restored.ttl('for ever'), Infinity, "not the new cache's default");
  clock.now += 99_000;
  t.equal(restored.get('long'), undefined);
});

t.test('hidden entries are not saved, and neither are labels', async (t) => {
  const path = fileOf(t);
  const cache = SharedCache.create({ maxMemory: 64 * KIB });
  for (const size of [10, 5_000]) {
    cache.entries.put(`value ${size}`, provingValue('v', 1, size), { label: 3 });
    cache.entries.put(`hidden ${size}`, provingValue('h', 1, size), { label: -3 });
  }
  t.equal(cache.save(path), 2);
  const restored = SharedCache.restore(path, { maxMemory: 64 * KIB });
  t.strictSame(keysOf(restored), ['value 10', 'value 5000']);
  t.equal(restored.stats().hidden, 0);
  for (const size of [10, 5_000]) {
    const value = provingValue('v', 1, size);
    t.match(restored.entries.read(`value ${size}`), { value, label: 0 });
  }
});

t.test('with a grace, the file has the time at which entries should be over', async (t) => {
  const clock = new FakeClock();
  t.teardown(() => clock.restore());
  const path = fileOf(t);
  const options = { maxMemory: 64 * KIB };
  const cache = SharedCache.create(options);
  const ttlsOf = (cache: SharedCache) => keysOf(cache).map((key) => [key, cache.ttl(key)]);
  cache.set('over', 'v', { ttl: 1_000 });
  cache.set('late', 'v', { ttl: 1_001 });
  cache.set('large', provingValue('large', 1, 5_000), { ttl: 3_000 });
  cache.set('stays', 'v');
  t.equal(cache.save(path, { grace: 1_000 }), 3, 'what should be over is left out');
  t.strictSame(ttlsOf(SharedCache.restore(path, options)), [
    ['large', 2_000],
    ['late', 1],
    ['stays', Infinity],
  ]);
  t.strictSame(ttlsOf(SharedCache.restore(path, options, { grace: 500 })), [
    ['large', 2_500],
    ['late', 501],
    ['stays', Infinity],
  ]);
  clock.now += 1;
  const { cache: restored, expired } = completed(SharedCache.restoreSteps(path, options, { grace: 500 }));
  t.strictSame(
    ttlsOf(restored),
    [
      ['large', 2_499],
      ['stays', Infinity],
    ],
    'what should be over is not brought back',
  );
  t.equal(expired, 1);
  cache.set('longest', 'v', { ttl: Number.MAX_SAFE_INTEGER });
  t.equal(completed(cache.saveSteps(path)), 5, 'without one, all that has not expired');
  const { MAX_SAFE_INTEGER } = Number;
  const longest = SharedCache.restore(path, options, { grace: MAX_SAFE_INTEGER }).entries.read('longest');
  t.equal(longest?.expiry, MAX_SAFE_INTEGER);

  for (const call of [
    (grace: unknown) => cache.save(path, { grace: grace as number }),
    (grace: unknown) => cache.saveSteps(path, { grace: grace as number }),
    (grace: unknown) => SharedCache.restore(path, options, { grace: grace as number }),
  ]) {
    t.match(
      thrownBy(() => call('1')),
      /^TypeError: grace must be a number/,
    );
    t.match(
      thrownBy(() => call(-1)),
      /^RangeError: grace must be a whole number from 0 to/,
    );
    t.match(
      thrownBy(() => call(0.5)),
      /^RangeError: grace/,
    );
  }
});

t.test('what came from a data file is known to, and users keep theirs', async (t) => {
  const path = fileOf(t);
  const line = (cache: SharedCache, text: string): void => {
    const bytes = Buffer.from(text);
    const space = bytes.indexOf(' ');
    cache.setBaseline(bytes, 0, space, space + 1, bytes.length);
  };
  const cache = SharedCache.create({ maxMemory: MIB });
  line(cache, 'file old');
  line(cache, `large ${'x'.repeat(20_000)}`);
  line(cache, 'both old');
  cache.set('both', "the user's");
  cache.save(path);
  const restored = SharedCache.restore(path, { maxMemory: MIB });
  for (const key of ['file', 'large', 'both']) line(restored, `${key} new`);
  t.strictSame(restored.getMany(['file', 'large', 'both']).map(textOf), ['new', 'new', "the user's"]);
});

t.test('nothing of what was in the memory before gets into the file', async (t) => {
  const path = fileOf(t);
  const cache = SharedCache.create({ maxMemory: 64 * KIB });
  for (let i = 0; i < 1_000; i++) cache.set(`old${i}`, Buffer.alloc(100, 0xee));
  cache.clear();
  for (let i = 0; i < 1_000; i++) cache.set(`${i}`, 'x'.repeat(i % 5));
  cache.save(path);
  const traces = readFileSync(path).filter((byte) => byte === 0xee).length;
  // Its checksums may have any bytes.
  t.ok(traces < 8, `${traces} bytes`);
});

t.test('it restores into other sizes', async (t) => {
  const path = fileOf(t);
  const cache = cacheOf(1_000);
  cache.save(path);
  const all = keysOf(cache);
  for (const options of [
    { maxMemory: 256 * KIB },
    { maxMemory: MIB, shards: 7 },
    { maxMemory: 16 * MIB, shards: 3, maxKeys: 1_000 },
  ]) {
    const restored = SharedCache.restore(path, options);
    t.strictSame(keysOf(restored), all, JSON.stringify(options));
    t.strictSame(restored.integrityErrors(), []);
  }

  const { cache: narrow, ...counts } = completed(
    SharedCache.restoreSteps(path, { maxMemory: MIB, maxKeys: 10 }),
  );
  t.equal(narrow.size, 10);
  // The order of use is known to within a 64th of the keys.
  for (const key of narrow.keys()) t.ok(Number(key.slice(3)) >= 1_000 - 2 * (1_000 / 64), key);
  t.match(counts, { entries: 1_000, expired: 0, unfit: 990 });
  t.ok(Math.abs(counts.createdAt - Date.now()) < 60_000);

  cache.set('large', new Uint8Array(5_000));
  cache.save(path);
  const small = completed(SharedCache.restoreSteps(path, { maxMemory: MIB, maxValueSize: 4_999 }));
  t.strictSame(keysOf(small.cache), all, 'a value that is too large is left out');
  t.equal(small.unfit, 1);
});

t.test('where there is no room for all, those used last stay', async (t) => {
  const path = fileOf(t);
  const cache = cacheOf(1_000, { maxMemory: MIB, shards: 2 });
  // The first ones are used again; the whole order is that of use, not of keys.
  for (let i = 0; i < 300; i++) cache.get(`key${i}`);
  cache.save(path);
  const isThere = (restored: SharedCache, from: number, to: number): number => {
    let there = 0;
    for (let i = from; i < to; i++) if (restored.has(`key${i}`)) there++;
    return there;
  };
  const few = SharedCache.restore(path, { maxMemory: MIB, maxKeys: 400 });
  // Ticks are a 64th of the keys apart.
  t.ok(isThere(few, 0, 300) >= 280, `${isThere(few, 0, 300)} of the 300 used again, with maxKeys`);
  t.ok(isThere(few, 300, 880) <= 20, `${isThere(few, 300, 880)} of the ones used longest ago`);

  const large = SharedCache.create({ maxMemory: 4 * MIB });
  const value = new Uint8Array(100);
  for (let i = 0; i < 10_000; i++) large.set(`key${i}`, value);
  for (let i = 0; i < 1_000; i++) large.get(`key${i}`);
  large.save(path);
  const small = SharedCache.restore(path, { maxMemory: MIB });
  t.ok(small.size > 2_000 && small.size < 9_000, `${small.size} of 10000 fit`);
  t.ok(isThere(small, 0, 1_000) >= 950, `${isThere(small, 0, 1_000)} of the 1000 used last, in less memory`);
  t.ok(isThere(small, 1_000, 2_000) <= 100, `${isThere(small, 1_000, 2_000)} of those used longest ago`);
  t.strictSame(small.integrityErrors(), []);
});

t.test('the order of use survives: what goes next is the same', async (t) => {
  const path = fileOf(t);
  const cache = cacheOf(20, { maxMemory: 64 * KIB, maxKeys: 20 });
  for (const i of [3, 0, 11]) cache.get(`key${i}`);
  cache.save(path);
  const restored = SharedCache.restore(path, { maxMemory: 64 * KIB, maxKeys: 20 });
  for (let i = 0; i < 17; i++) {
    cache.set(`new${i}`, '');
    restored.set(`new${i}`, '');
  }
  t.strictSame(keysOf(restored), keysOf(cache));
  t.match(keysOf(restored), ['key0', 'key11', 'key3']);
});

/** A small file: an entry of each kind. */
function smallFile(t: Test): { path: string; content: Buffer } {
  const path = fileOf(t);
  const cache = SharedCache.create({ maxMemory: 64 * KIB });
  cache.set('a', 'plain');
  cache.set('with ttl', '', { ttl: 1e9 });
  cache.set('fragments', new Uint8Array(600));
  cache.setBaseline(Buffer.from('kv'), 0, 1, 1, 2);
  cache.save(path);
  return { path, content: readFileSync(path) };
}

t.test('a file that was cut off anywhere is refused', async (t) => {
  const { path, content } = smallFile(t);
  for (let length = 0; length < content.length; length++) {
    writeFileSync(path, content.subarray(0, length));
    const reason = refusalOf(path);
    if (!/is (empty|truncated)/.test(reason)) t.fail(`${length} of ${content.length} bytes: ${reason}`);
  }
  writeFileSync(path, Buffer.concat([content, Buffer.alloc(1)]));
  t.match(refusalOf(path), /is truncated or corrupted/, 'one that is longer too');
  writeFileSync(path, Buffer.concat([content, content]));
  t.match(refusalOf(path), /corrupted/, 'or twice as long');
  writeFileSync(path, content);
  t.equal(refusalOf(path), 'restored');
});

t.test('a file with any changed byte is refused', async (t) => {
  const { path, content } = smallFile(t);
  for (let at = 0; at < content.length; at++) {
    for (const change of [1 << random.below(8), 0xff]) {
      const changed = Buffer.from(content);
      changed[at] = (changed[at] ?? 0) ^ change;
      writeFileSync(path, changed);
      const reason = refusalOf(path);
      if (!/corrupted|is no snapshot|newer/.test(reason)) t.fail(seeded(`byte ${at} ^ ${change}: ${reason}`));
    }
  }
});

t.test('a file whose blocks are missing, doubled or exchanged is refused', async (t) => {
  const path = fileOf(t);
  const cache = SharedCache.create({ maxMemory: 16 * MIB });
  // Equal entries but for a digit: the blocks have the same length.
  for (let i = 0; i < 5; i++) cache.set(`key${i}`, Buffer.alloc(MIB, i));
  cache.save(path);
  const content = readFileSync(path);
  const length = content.readUInt32LE(HEADER_BYTES) + 12;
  const block = (i: number): Buffer =>
    content.subarray(HEADER_BYTES + i * length, HEADER_BYTES + (i + 1) * length);
  const end = content.subarray(HEADER_BYTES + 5 * length);
  t.equal(end.length, 20, 'it has five blocks');
  const header = content.subarray(0, HEADER_BYTES);
  for (const order of [[1, 0, 2, 3, 4], [0, 1, 2, 3], [0, 1, 2, 3, 4, 4], [0, 1, 2, 3, 3], [4], []]) {
    writeFileSync(path, Buffer.concat([header, ...order.map(block), end]));
    t.match(refusalOf(path, { maxMemory: 16 * MIB }), /is corrupted: a checksum is wrong/, order.join());
  }
  writeFileSync(path, Buffer.concat([encodeHeader(1), ...[0, 1, 2, 3, 4].map(block), end]));
  t.match(refusalOf(path, { maxMemory: 16 * MIB }), /is corrupted/, 'blocks of another file');
});

t.test('what is no snapshot is refused, with the reason', async (t) => {
  const path = fileOf(t);
  const { content } = smallFile(t);
  const saying = (what: string): string => `SnapshotError: the snapshot ${JSON.stringify(path)} ${what}`;
  const restore = (): string => thrownBy(() => SharedCache.restore(path, { maxMemory: 64 * KIB }));
  for (const [text, what] of [
    ['', 'is empty'],
    ['key value\nkey2 value2\n'.repeat(50), 'is no snapshot of hotshard'],
    ['x', 'is no snapshot of hotshard'],
    [content.toString('utf8'), 'is no snapshot of hotshard'],
  ] as const) {
    writeFileSync(path, text);
    t.equal(restore(), saying(what));
  }
  const newer = Buffer.from(content);
  newer.writeUInt32LE(SNAPSHOT_VERSION + 1, 8);
  writeFileSync(path, newer);
  t.equal(
    restore(),
    saying(
      `is of format version ${SNAPSHOT_VERSION + 1}, newer than this hotshard reads (${SNAPSHOT_VERSION})`,
    ),
  );
  const directory = dirname(path);
  t.match(
    thrownBy(() => SharedCache.restore(directory, { maxMemory: 64 * KIB })),
    /^SnapshotError: .* is no file$/,
  );
  t.match(
    thrownBy(() => cacheOf(1).save(directory)),
    /^SnapshotError: .* is no file$/,
  );
});

t.test('what the system refuses is told by its error', async (t) => {
  const path = join(t.testdir(), 'none', 'map.snapshot');
  const options = { maxMemory: 64 * KIB };
  t.throws(() => SharedCache.restore(path, options), { code: 'ENOENT', path });
  t.throws(() => cacheOf(1).save(path), { code: 'ENOENT', message: path });
  for (const wrong of ['', 'a\0b', 7, undefined, Buffer.from('a')]) {
    t.match(
      thrownBy(() => SharedCache.restore(wrong as string, options)),
      /^TypeError: path must be/,
    );
    t.match(
      thrownBy(() => cacheOf(1).save(wrong as string)),
      /^TypeError: path must be/,
    );
  }
  const { path: whole } = smallFile(t);
  t.match(
    thrownBy(() => SharedCache.restore(whole, { maxMemory: 1 })),
    /^RangeError: maxMemory must be/,
  );
});

t.test('a link is followed, not replaced', { skip: process.platform === 'win32' }, async (t) => {
  const directory = t.testdir({ there: {} });
  const path = join(directory, 'link');
  const target = join(directory, 'there', 'map.snapshot');
  writeFileSync(target, '');
  symlinkSync(target, path);
  cacheOf(3).save(path);
  t.ok(lstatSync(path).isSymbolicLink());
  t.equal(SharedCache.restore(target, { maxMemory: 64 * KIB }).size, 3);
});

t.test('the old file stays until the new one is complete', async (t) => {
  const path = fileOf(t);
  cacheOf(3).save(path);
  const old = readFileSync(path);
  const cache = SharedCache.create({ maxMemory: 16 * MIB });
  for (let i = 0; i < 4; i++) cache.set(`large${i}`, Buffer.alloc(MIB, i));
  let steps = 0;
  for (const saving = cache.saveSteps(path); !saving.next().done; ) steps++;
  t.ok(steps >= 5, `${steps} steps`);
  t.notSame(readFileSync(path), old, 'it is another one then');

  for (let taken = 1; taken <= steps; taken++) {
    writeFileSync(path, old);
    const saving = cache.saveSteps(path);
    for (let i = 0; i < taken; i++) saving.next();
    t.strictSame(readFileSync(path), old, `after ${taken} steps`);
    t.equal(others(path).length, 1, 'beside it is the one under way');
    saving.return(0);
    t.strictSame(others(path), [], 'it is gone when that is given up');
    t.strictSame(readFileSync(path), old, 'and the old one is still there');
  }
});

t.test('a save that can not begin leaves the old file and nothing else', async (t) => {
  // A name that is long enough for the file, and too long for the one beside it.
  const path = join(t.testdir(), 'x'.repeat(250));
  writeFileSync(path, 'old');
  t.throws(() => cacheOf(5).save(path), { code: process.platform === 'win32' ? 'ENOENT' : 'ENAMETOOLONG' });
  t.equal(readFileSync(path, 'utf8'), 'old');
  t.strictSame(others(path), []);
});

const noLimit = process.platform !== 'linux' && 'needs a limit on the size of files';

t.test(
  'a save that fails in the middle leaves the old file and nothing else',
  { skip: noLimit },
  async (t) => {
    const path = fileOf(t);
    writeFileSync(path, 'old');
    const limited = 'trap "" XFSZ; ulimit -f 4000; exec "$@"';
    const child = spawn('sh', ['-c', limited, 'sh', process.execPath, CRASH, path, '0'], {
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    t.equal(code, 1);
    t.match(said, `EFBIG: file too large, write '${path}'`, 'the error names the file');
    t.equal(readFileSync(path, 'utf8'), 'old');
    t.strictSame(others(path), []);
  },
);

t.test('what killed processes left behind is removed, what live ones write is not', async (t) => {
  const path = fileOf(t);
  const left = `${path}.0123456789abcdef.tmp`;
  const live = `${path}.fedcba9876543210.tmp`;
  const foreign = [`${path}.tmp`, `${path}.0123456789abcdef.tmp2`, `${path}.0123456789ABCDEF.tmp`];
  const longAgo = new Date(Date.now() - 120_000);
  for (const file of [left, live, ...foreign]) writeFileSync(file, '');
  for (const file of [left, ...foreign]) utimesSync(file, longAgo, longAgo);
  // What can't be removed is no reason not to save.
  const directory = `${path}.0000000000000000.tmp`;
  mkdirSync(directory);
  utimesSync(directory, longAgo, longAgo);
  cacheOf(1).save(path);
  t.equal(existsSync(left), false);
  for (const file of [live, ...foreign]) t.equal(existsSync(file), true, basename(file));
});

t.test('a process that is killed in the middle leaves the old file, or the new one', async (t) => {
  const path = fileOf(t);
  const crash = async (step: number): Promise<string | null> => {
    const child = spawn(process.execPath, [CRASH, path, `${step}`], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    return signal ?? `${code}`;
  };
  cacheOf(3).save(path);
  const old = readFileSync(path);
  let ended = 'SIGKILL' as string | null;
  let step = 1;
  for (; ended === 'SIGKILL'; step++) {
    ended = await crash(step);
    if (ended !== 'SIGKILL') break;
    t.strictSame(readFileSync(path), old, `killed after step ${step}`);
    t.equal(others(path).length, step, 'it leaves its own');
  }
  t.equal(ended, '0', 'one that was to be killed later comes to its end');
  t.ok(step >= 5, `${step} steps`);
  const restored = SharedCache.restore(path, { maxMemory: 16 * MIB });
  t.equal(restored.size, 4);

  const longAgo = new Date(Date.now() - 120_000);
  for (const name of others(path)) utimesSync(join(dirname(path), name), longAgo, longAgo);
  cacheOf(3).save(path);
  t.strictSame(others(path), [], 'which the next save removes later');
});

t.test('whatever another thread does in the middle of an entry, the entry is whole', async (t) => {
  const path = fileOf(t);
  const farOff = Date.now() + 1e9;
  for (const size of [40, 1_500]) {
    for (const kind of ['replace', 'delete', 'replace twice', 'come again', 'with a ttl'] as const) {
      const base = new Rig({ maxMemory: 64 * KIB });
      const first = new Side(base, 1);
      first.set('before', provingValue('before', 1, size));
      first.set('key', provingValue('key', 1, size));
      first.set('after', provingValue('after', 1, size));
      const save = (before: (access: number, other: Side) => void): void => {
        const rig = base.copy();
        const [saver, other] = [new Side(rig, 2), new Side(rig, 3)];
        const save = () => completed(writeSnapshot([saver.shard], rig.secrets, path, 0));
        stepping(save, (access) => before(access, other));
        if (rig.errors().length > 0) throw new Error(rig.errors().join());
      };
      let accesses = 0;
      save((access) => {
        accesses = access;
      });
      // Where buckets are empty nothing is to be seen: only the last accesses are of entries.
      for (let at = Math.max(1, accesses - (size > 1_000 ? 100 : 25)); at <= accesses; at++) {
        save((access, other) => {
          if (access !== at) return;
          if (kind === 'delete' || kind === 'come again') other.delete('key');
          if (kind === 'with a ttl') {
            const value = provingValue('key', 2, size + 3);
            other.shard.write(other.load('key'), new Draft().fill(value, 0, value.length, farOff, 0));
          } else if (kind !== 'delete') {
            other.set('key', provingValue('key', 2, size + 3));
          }
          if (kind === 'replace twice') other.set('key', provingValue('key', 3, size));
        });
        const cache = SharedCache.restore(path, { maxMemory: 64 * KIB });
        const flaws = ['before', 'key', 'after'].flatMap((key) => {
          const value = cache.get(key);
          const mayBeAbsent = key === 'key' && (kind === 'delete' || kind === 'come again');
          if (value === undefined) return mayBeAbsent ? [] : [`${key} is missing`];
          const expires = kind === 'with a ttl' && value.length === size + 3;
          if ((cache.ttl(key) !== Infinity) !== expires)
            return [`${key} has the time to live of another value`];
          return flawIn(key, value) ?? [];
        });
        if (flaws.length > 0) t.fail(`${kind}, ${size} bytes, access ${at}: ${flaws.join()}`);
      }
    }
  }
});

t.test('other threads may write during the save', async (t) => {
  const STABLE = 60;
  for (const [name, maxSize] of [
    ['small values', 200],
    ['values in fragments', 20_000],
  ] as const) {
    const path = fileOf(t);
    const cache = SharedCache.create({ maxMemory: 8 * MIB, shards: 2 });
    for (let i = 0; i < STABLE; i++) cache.set(`stable${i}`, provingValue(`stable${i}`, 0, 100));
    const steps = times(30_000);
    const crew = await Crew.ready(t, cache, [
      { kind: 'overwrite', steps, keys: STABLE, maxSize },
      { kind: 'mixed', steps, keys: 100, maxSize, deletes: true },
    ]);
    const flaws: string[] = [];
    let saves = 0;
    const last = new Map<string, number>();
    crew.go();
    do {
      const saved = cache.save(path);
      saves++;
      const { cache: restored, entries } = completed(SharedCache.restoreSteps(path, { maxMemory: 32 * MIB }));
      if (entries !== saved) flaws.push(`${entries} entries of ${saved}`);
      for (let i = 0; i < STABLE; i++) {
        const key = `stable${i}`;
        const value = restored.get(key);
        if (value === undefined) {
          flaws.push(`${key} is missing in save ${saves}`);
          continue;
        }
        const serial = value.length >= 40 ? new DataView(value.buffer).getUint32(0) : 0;
        if (serial < (last.get(key) ?? 0)) flaws.push(`${key} went back to ${serial}`);
        last.set(key, serial);
      }
      for (const key of restored.keys()) {
        const flaw = flawIn(key, restored.get(key) ?? new Uint8Array(0));
        if (flaw !== undefined) flaws.push(flaw);
      }
      await nextTurn();
    } while (crew.busy);
    t.strictSame(flawsOf(await crew.reports()), []);
    t.strictSame(flaws.slice(0, 5), [], seeded(`${name}, ${saves} saves`));
    t.strictSame(cache.integrityErrors(), []);
  }
});

t.test('entries that are evicted during the save are whole, or not in it', async (t) => {
  const path = fileOf(t);
  const cache = SharedCache.create({ maxMemory: 256 * KIB });
  const steps = times(100_000);
  const crew = await Crew.ready(t, cache, [
    { kind: 'new keys', steps, name: 'a', maxSize: 60 },
    { kind: 'new keys', steps, name: 'b', maxSize: 3_000 },
  ]);
  const flaws: string[] = [];
  crew.go();
  do {
    cache.save(path);
    const restored = SharedCache.restore(path, { maxMemory: MIB });
    for (const key of restored.keys()) {
      const flaw = flawIn(key, restored.get(key) ?? new Uint8Array(0));
      if (flaw !== undefined) flaws.push(flaw);
    }
    await nextTurn();
  } while (crew.busy);
  t.strictSame(flawsOf(await crew.reports()), []);
  t.strictSame(flaws.slice(0, 5), [], seeded('whole'));
});

function completed<Result>(steps: Generator<void, Result, void>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
