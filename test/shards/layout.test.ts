/** The memory map: the parts of each buffer neither overlap nor leave it, for every size, and as it is drawn. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { SharedCache } from '../../shards/index.js';
import * as layout from '../../shards/layout.js';
import { COUNTERS, type Layout, layoutOf, mostShards, type Sizing } from '../../shards/layout.js';
import { Random, SEED, seeded, times } from './support.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const {
  LINE_WORDS,
  SLOT_WORDS,
  SEGMENT_TABLE_WORDS,
  SHARD_HEADER_WORDS,
  CONTROL_HEADER_WORDS,
  BUCKET_WORDS,
} = layout;

/** What is wrong with a layout. */
function flawsOf(sizing: Sizing, made: Layout): string[] {
  const flaws: string[] = [];
  const expect = (right: boolean, what: string): void => {
    if (!right) flaws.push(`${JSON.stringify(sizing)}: ${what}: ${JSON.stringify(made)}`);
  };
  const { threadSlots, controlBytes, shardBytes, segments, segmentWords, buckets, indexStart, logStart } =
    made;
  expect(controlBytes + sizing.shards * shardBytes <= sizing.maxMemory, 'needs more than maxMemory');
  expect(controlBytes === (CONTROL_HEADER_WORDS + threadSlots * SLOT_WORDS) * 4, 'control buffer');
  expect(shardBytes % (LINE_WORDS * 4) === 0, 'a shard is not of whole lines');
  expect(shardBytes <= GIB, 'a shard is too large');
  expect(indexStart % LINE_WORDS === 0, 'the index is not aligned');
  expect(logStart % LINE_WORDS === 0, 'the log is not aligned');
  expect(
    SHARD_HEADER_WORDS + segments * SEGMENT_TABLE_WORDS <= indexStart,
    'segment table and index overlap',
  );
  expect(indexStart + buckets * BUCKET_WORDS <= logStart, 'index and log overlap');
  expect((logStart + segments * segmentWords) * 4 <= shardBytes, 'the log leaves the shard');
  expect(2 ** made.segmentShift === segmentWords, 'a segment is no power of two');
  expect(segments < 2 ** 14 - 2, 'too many segments for a pin');
  expect(shardBytes / 4 <= 2 ** 28, 'too large for a location');
  expect(threadSlots >= 4 && threadSlots <= 255, 'thread slots');
  // Every thread keeps one segment open, and may have one claimed that it empties.
  expect(segments > 3 * threadSlots, 'fewer segments than threads may hold');
  expect(buckets >= 8, 'too few buckets');
  expect(made.pieceWords * 8 === segmentWords, 'pieces');
  expect(made.pieceWords > 2, 'a fragment holds nothing');
  expect(made.fragmentBytes === (made.pieceWords - layout.FRAGMENT_HEADER_WORDS) * 4, 'fragments');
  const most = made.maxValueBytes;
  expect(
    most >= Math.min(sizing.maxValueSize, sizing.maxMemory / sizing.shards / 6),
    'the largest value is small',
  );
  expect(most <= sizing.maxValueSize, 'the largest value is larger than asked');
  const fragments = Math.ceil(most / made.fragmentBytes);
  expect(5 + 128 + fragments <= segmentWords, 'the head of the largest value needs more than a segment');
  expect(fragments <= (segments - 3) * 8, 'the largest value does not fit into the log');
  const unused = shardBytes - (logStart + segments * segmentWords) * 4;
  expect(unused < segmentWords * 4 + 64 + SEGMENT_TABLE_WORDS * 4, 'more than a segment is unused');
  return flaws;
}

t.test('for all sizes, limits and shards, everything fits and nothing overlaps', async (t) => {
  const flaws: string[] = [];
  const random = new Random(SEED);
  const sizes = [
    64 * KIB,
    64 * KIB + 1,
    100_000,
    256 * KIB,
    MIB,
    3 * MIB + 7,
    64 * MIB,
    GIB - 1,
    GIB,
    GIB + 1,
    5 * GIB,
    1024 * GIB,
  ];
  for (let i = 0; i < times(2_000); i++)
    sizes.push(Math.floor(64 * KIB * 2 ** ((random.next() / 2 ** 32) * 24)));
  for (const maxMemory of sizes) {
    const [fewest, most] = [layout.fewestShards(maxMemory), mostShards(maxMemory)];
    for (const shards of new Set([fewest, most, fewest + random.below(most - fewest + 1)])) {
      for (const maxKeys of [0, 1, 1000, 2 ** 31 - 1]) {
        for (const maxValueSize of [0, 1000, Math.min(MIB, maxMemory), maxMemory]) {
          const sizing = { maxMemory, maxKeys, maxValueSize, shards };
          flaws.push(...flawsOf(sizing, layoutOf(sizing)));
        }
      }
    }
  }
  t.strictSame(flaws.slice(0, 3), [], seeded(`${flaws.length} flaws`));
});

t.test('there are at most 1024 shards, of 64 KiB at least', async (t) => {
  t.equal(mostShards(64 * KIB), 1);
  t.equal(mostShards(128 * KIB - 1), 1);
  t.equal(mostShards(128 * KIB), 2);
  t.equal(mostShards(1024 * GIB), 1024);
  t.equal(layout.MAX_SHARDS, 1024);
  t.equal(layout.fewestShards(GIB), 1);
  t.equal(layout.fewestShards(GIB + 1), 2);
});

t.test('the buffers of a cache are as large as said', async (t) => {
  for (const options of [{ maxMemory: 64 * KIB }, { maxMemory: MIB, shards: 3 }]) {
    const { control, shards } = SharedCache.create(options).handle;
    const held = control.byteLength + shards.reduce((sum, { byteLength }) => sum + byteLength, 0);
    t.ok(held <= options.maxMemory);
    t.ok(held > 0.95 * options.maxMemory, 'and no smaller');
  }
});

t.test('the words of a table have places of their own', async (t) => {
  const tables: readonly [name: string, words: readonly number[], size: number][] = [
    ['control header', [layout.CONTROL_TICK, layout.CONTROL_KEYS], CONTROL_HEADER_WORDS],
    [
      'thread slot',
      [
        layout.SLOT_IDENTITY,
        layout.SLOT_READ_PIN,
        layout.SLOT_FRAGMENT_PIN,
        layout.SLOT_WALK_PIN,
        ...COUNTERS.flatMap((_, i) => [layout.SLOT_COUNTERS + 2 * i, layout.SLOT_COUNTERS + 2 * i + 1]),
      ],
      SLOT_WORDS,
    ],
    [
      'shard header',
      [
        layout.SHARD_KEYS,
        layout.SHARD_AGE,
        layout.SHARD_OVERFLOW_SEGMENT,
        layout.SHARD_EVICTIONS,
        layout.SHARD_EXPIRATIONS,
        layout.SHARD_HIDDEN,
      ],
      SHARD_HEADER_WORDS,
    ],
    [
      'segment row',
      [layout.SEGMENT_STATE, layout.SEGMENT_AGE, layout.SEGMENT_END, layout.SEGMENT_DEAD],
      SEGMENT_TABLE_WORDS,
    ],
  ];
  for (const [name, words, size] of tables) {
    t.equal(new Set(words).size, words.length, `${name}: no two in one place`);
    t.ok(
      words.every((word) => word >= 0 && word < size),
      `${name}: all within`,
    );
  }
  t.ok(
    layout.CONTROL_KEYS - layout.CONTROL_TICK >= LINE_WORDS,
    'what all threads write has cache lines of its own',
  );
  t.ok(layout.SLOT_COUNTERS >= LINE_WORDS);
  const flags = [
    layout.FLAG_EXPIRES,
    layout.FLAG_FRAGMENTED,
    layout.FLAG_FRAGMENT,
    layout.FLAG_BASELINE,
    layout.FLAG_DEAD,
    layout.FLAG_LABELLED,
  ];
  t.equal(new Set(flags).size, flags.length);
  t.ok(flags.every((flag) => (flag & layout.KEY_LENGTH_MASK) === 0 && flag < 2 ** 16));
  t.ok(layout.MAX_KEY_BYTES <= layout.KEY_LENGTH_MASK);
  t.ok(layout.FROZEN >= 2 ** 28, 'no location has that bit');
});

t.test('a bucket is one cache line of 64 bytes, and as it is drawn', async (t) => {
  t.equal(BUCKET_WORDS * 4, 64);
  const source = readFileSync(new URL('../../../shards/layout.ts', import.meta.url), 'utf8');
  const lines = source.split('\n').map((line) => line.replace(/^ \* ?/, ''));
  const at = lines.findIndex((line) => line.startsWith('bucket '));
  const [drawn = '', places = ''] = lines.slice(at, at + 2);
  const numbers = places.match(/\d+/g)?.map(Number);
  t.strictSame(
    numbers,
    [
      layout.BUCKET_VERSION,
      layout.BUCKET_OVERFLOW,
      layout.BUCKET_TAGS,
      layout.BUCKET_SLOTS - 1,
      layout.BUCKET_SLOTS,
      BUCKET_WORDS - 1,
    ],
    'places of version, overflow, tags and locations',
  );
  t.equal(Number(/tags: (\d+) of 16 bits/.exec(drawn)?.[1]), layout.SLOTS_PER_BUCKET);
  t.equal(Number(/locations: (\d+) words/.exec(drawn)?.[1]), layout.SLOTS_PER_BUCKET);
  t.equal(Number(/\((\d+) words\)/.exec(drawn)?.[1]), BUCKET_WORDS);
  t.equal(layout.BUCKET_SLOTS + layout.SLOTS_PER_BUCKET, BUCKET_WORDS);
  t.equal(layout.BUCKET_TAGS + Math.ceil(layout.SLOTS_PER_BUCKET / 2), layout.BUCKET_SLOTS);
  const header = (name: string): number => {
    const line = lines.find((one) => one.startsWith(name)) ?? '';
    return Number(/header: (\d+) words/.exec(line)?.[1]);
  };
  t.equal(header('control '), CONTROL_HEADER_WORDS);
  t.equal(header('shard '), SHARD_HEADER_WORDS);
  const shard = lines.find((line) => line.startsWith('shard ')) ?? '';
  t.equal(Number(/segment table: (\d+) words/.exec(shard)?.[1]), SEGMENT_TABLE_WORDS);
  t.equal(Number(/index: (\d+) words/.exec(shard)?.[1]), BUCKET_WORDS);
});

// ---- the table at the top of layout.ts --------------------------------------------------------------------------

const WORD_BITS = 32;

interface Field {
  readonly region: string;
  /** In bits from the beginning of the region. */
  readonly from: number;
  readonly bits: number;
  readonly name: string;
}

interface Region {
  readonly words: number;
  /** Of the constant that is its size; empty when there is none. */
  readonly name: string;
  readonly fields: readonly Field[];
}

/** Rows of a table that begins with `head`, by their cells. */
function rowsOf(source: string, head: string): string[][] {
  const lines = source.split('\n').map((line) => line.replace(/^ \* ?/, ''));
  const first = lines.findIndex((line) => line.startsWith(head)) + 2;
  const end = lines.findIndex((line, i) => i >= first && !line.includes('|'));
  return lines.slice(first, end).map((line) => line.split('|').map((cell) => cell.trim()));
}

function regionsOf(source: string): Map<string, Region> {
  const regions = new Map<string, Region & { fields: Field[] }>();
  let region = '';
  for (const [title = '', at = '', width = '', name = ''] of rowsOf(source, 'region ')) {
    const [, count = '', unit = ''] = /^(\d+) (word|bit)s?$/.exec(width) ?? [];
    if (title !== '') {
      region = title;
      regions.set(title, { words: Number(count), name, fields: [] });
      continue;
    }
    const [word = '', bit = '0'] = at.split('.');
    const bits = Number(count) * (unit === 'word' ? WORD_BITS : 1);
    const from = Number(word) * WORD_BITS + Number(bit);
    regions.get(region)?.fields.push({ region, from, bits, name });
  }
  return regions;
}

const CONSTANTS: Readonly<Record<string, unknown>> = layout;

/** What a constant in the table may be: the word; of some bits their mask, alone or in place; or where they begin. */
function valuesOf({ from, bits }: Field): number[] {
  if (bits >= WORD_BITS) return [from / WORD_BITS];
  const mask = 2 ** bits - 1;
  // Bits of half words count from the half word on.
  const at = from % 16;
  return bits === 1 ? [1 << (from % WORD_BITS), 1 << at] : [mask, at];
}

t.test('the table of the layout is that of the constants', async (t) => {
  const source = readFileSync(new URL('../../../shards/layout.ts', import.meta.url), 'utf8');
  const regions = regionsOf(source);
  const fields = [...regions.values()].flatMap((region) => region.fields);
  t.strictSame(
    [...regions.keys()],
    [
      'control header',
      'thread slot',
      'shard header',
      'segment row',
      'bucket',
      'version',
      'location',
      'ghost',
      'entry',
      'expiry',
      'label',
      'fragment',
      'filler',
    ],
  );

  t.test('names, offsets and widths', async (t) => {
    for (const [title, { words, name }] of regions) {
      t.ok(words > 0, `${title} has a size`);
      if (name !== '') t.equal(CONSTANTS[name], words, name);
    }
    for (const field of fields) {
      const { region, from, bits, name } = field;
      t.ok(from >= 0 && bits > 0, `${region}: ${name} has a place and a width`);
      if (name !== '') t.ok(valuesOf(field).includes(CONSTANTS[name] as number), `${region}: ${name}`);
    }
  });

  t.test('no constant of the layout is missing', async (t) => {
    const drawn = new Set([
      ...[...regions.values()].map(({ name }) => name),
      ...fields.map(({ name }) => name),
    ]);
    // The first two are other names of pins, the others are numbers of what is in the table.
    const others = ['SLOT_FIRST_PIN', 'SLOT_LAST_PIN', 'CLASSES', 'COUNTERS', 'SLOTS_PER_BUCKET'];
    const left = Object.keys(layout).filter(
      (name) =>
        /^(CONTROL|SLOT|SHARD|SEGMENT|BUCKET|FLAG|ENTRY|EXPIRY|LABEL|FRAGMENT|KEY|TICK)_/.test(name) ||
        ['GHOST', 'FROZEN'].includes(name),
    );
    t.strictSame(
      left.filter((name) => !drawn.has(name) && !others.includes(name)),
      [],
    );
    t.equal(layout.SLOT_FIRST_PIN, layout.SLOT_READ_PIN);
    t.equal(layout.SLOT_LAST_PIN, layout.SLOT_WALK_PIN);
  });

  t.test('nothing overlaps, leaves its region, or lies across words or half words', async (t) => {
    for (const [title, { words, fields }] of regions) {
      const used = new Set<number>();
      for (const { from, bits, name } of fields) {
        const what = `${title}: ${name || from}`;
        const to = from + bits;
        t.ok(to <= words * WORD_BITS, `${what} is within`);
        if (bits >= WORD_BITS) t.equal(from % WORD_BITS, 0, `${what} begins on a word`);
        else
          t.equal(Math.floor(from / WORD_BITS), Math.floor((to - 1) / WORD_BITS), `${what} is in one word`);
        let overlaps = false;
        for (let bit = from; bit < to; bit++) {
          overlaps ||= used.has(bit);
          used.add(bit);
        }
        t.notOk(overlaps, `${what} overlaps nothing`);
      }
    }
    // Key length and flags are one half word, the stamp is the other: each is stored without the other.
    const halves =
      regions.get('entry')?.fields.filter(({ from, bits }) => from >= WORD_BITS && bits < 16) ?? [];
    t.ok(halves.length > 0);
    for (const { from, bits, name } of halves)
      t.equal(from >>> 4, (from + bits - 1) >>> 4, `entry: ${name} is in one half word`);
  });

  t.test('sizes that follow from other constants', async (t) => {
    const field = (region: string, name: string): Field => {
      const found = regions.get(region)?.fields.find((one) => one.name === name);
      if (found === undefined) throw new Error(`${region} has no ${name}`);
      return found;
    };
    const wordsOf = ({ bits }: Field): number => bits / WORD_BITS;
    t.equal((regions.get('bucket')?.words ?? 0) * layout.WORD_BYTES, 64, 'a bucket is 64 bytes');
    t.equal(wordsOf(field('bucket', 'BUCKET_SLOTS')), layout.SLOTS_PER_BUCKET);
    t.equal(wordsOf(field('bucket', 'BUCKET_TAGS')), Math.ceil(layout.SLOTS_PER_BUCKET / 2));
    t.equal(wordsOf(field('control header', 'CONTROL_WEIGHTS')), layout.CLASSES - 1);
    t.equal(wordsOf(field('control header', 'CONTROL_EVICTED')), layout.CLASSES);
    t.equal(wordsOf(field('thread slot', 'SLOT_COUNTERS')), 2 * COUNTERS.length);
    const location = regions.get('location')?.fields[0];
    t.equal(2 ** (location?.bits ?? 0) * layout.WORD_BYTES, layout.MAX_SHARD_BYTES, 'a location reaches all');
    t.ok(layout.CLASSES <= 2 ** field('ghost', 'TICK_BITS').bits);
    t.equal(
      layout.FRAGMENT_HASH,
      layout.ENTRY_HEADER_WORDS,
      'both kinds of record have the same first words',
    );
  });

  t.test('what many threads write to is on lines of its own', async (t) => {
    const wholeLines = ['control header', 'thread slot', 'shard header', 'bucket'];
    for (const title of wholeLines) t.equal((regions.get(title)?.words ?? 1) % LINE_WORDS, 0, title);
    const lineOf = (name: string): number =>
      Math.floor((fields.find((one) => one.name === name)?.from ?? 0) / WORD_BITS / LINE_WORDS);
    const lines = ['CONTROL_TICK', 'CONTROL_KEYS', 'CONTROL_WEIGHTS', 'CONTROL_SWEPT_AT'].map(lineOf);
    t.equal(new Set(lines).size, lines.length);
    t.not(lineOf('SLOT_COUNTERS'), lineOf('SLOT_READ_PIN'));
    t.not(lineOf('SHARD_LOCK'), lineOf('SHARD_KEYS'));
  });
});
