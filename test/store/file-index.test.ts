/** The index of a data file by itself: its size, colliding keys, lines of one key, tables of several segments. */
import t from 'tap';
import { FileIndex, type FileIndexTestOptions } from '../../src/store/file-index.js';

const never = (): boolean => false;

function indexOf(lines: number, options?: FileIndexTestOptions): FileIndex {
  // Six bytes a line.
  const index = FileIndex.reserve(lines * 6, options);
  index.makeTable(lines);
  return index;
}

function insert(index: FileIndex, key: string, offset: number, isSameKey = never): boolean {
  return index.insert(Buffer.from(` ${key} `), 1, key.length + 1, offset, isSameKey);
}

function offsets(index: FileIndex, key: string): number[] {
  return index.candidates(key).map(({ offset }) => offset);
}

t.test('it takes at most 16 bytes a key', async (t) => {
  for (const lines of [100, 1000, 1_000_000]) {
    const index = indexOf(lines);
    t.ok(index.bytes <= 16 * lines, `${index.bytes / lines} bytes`);
    const { control, segments } = index.handle;
    const bytes = segments.reduce((sum, { byteLength }) => sum + byteLength, control.byteLength);
    t.equal(bytes, index.bytes, 'and that is all');
  }
});

t.test('all lines of a file can be inserted, none beyond them by far, and all are found', async (t) => {
  const count = 100_000;
  const index = indexOf(count);
  for (let i = 0; i < count; i++) insert(index, `key-${i}`, 7 * i);
  let wrong = 0;
  let others = 0;
  for (let i = 0; i < count; i++) {
    const found = offsets(index, `key-${i}`);
    if (!found.includes(7 * i)) wrong++;
    others += found.length - 1 + offsets(index, `absent-${i}`).length;
  }
  t.equal(wrong, 0);
  t.ok(others < 20, `${others} keys would be looked for in the file in vain`);
  let more = 0;
  while (insert(index, `more-${more}`, 7 * (count + more))) more++;
  t.ok(more <= count, 'a table that is full says so');
  t.ok(offsets(index, 'absent').length < 10, 'and still has an end');
});

t.test('keys that collide all stay reachable, later lines first', async (t) => {
  for (const hashMask of [0, 0x3, 0x00300000, 0x60000000]) {
    const index = indexOf(300, { hashMask });
    for (let i = 0; i < 300; i++) insert(index, `key-${i}`, 10 * i);
    for (let i = 0; i < 300; i++) {
      const found = offsets(index, `key-${i}`);
      if (!found.includes(10 * i)) t.fail(`key-${i} is lost`);
      if (found.some((offset, place) => place > 0 && offset > (found[place - 1] ?? 0)))
        t.fail('out of order');
    }
    if (hashMask === 0) t.equal(offsets(index, 'any').length, 300);
  }
});

t.test('offsets are kept up to 2^43', async (t) => {
  const places = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 40, 2 ** 43 - 1];
  const index = indexOf(places.length);
  for (const place of places) insert(index, `key-${place}`, place);
  for (const place of places) t.ok(offsets(index, `key-${place}`).includes(place), `${place}`);
});

t.test('lines of one key take few slots', async (t) => {
  const count = 10_000;
  const index = indexOf(count);
  for (let i = 0; i < count; i++) {
    // Each line is compared with few others.
    let compared = 0;
    insert(index, 'same', 5 * i, () => {
      compared++;
      return true;
    });
    if (compared > 1) t.fail('compared with more than one');
  }
  const found = offsets(index, 'same');
  t.ok(found.length <= 4, `${found.length} slots`);
  t.equal(found[0], 5 * (count - 1));
  // The place of a slot's line is one word, so a line beyond the next 2^32 bytes needs another slot.
  insert(index, 'same', 2 ** 32 + 5, () => true);
  t.strictSame(offsets(index, 'same').slice(0, 2), [2 ** 32 + 5, 5 * (count - 1)]);
});

t.test('a slot of another key is not taken', async (t) => {
  const index = indexOf(20, { hashMask: 0 });
  for (let i = 0; i < 20; i++) insert(index, `key-${i}`, i);
  t.equal(offsets(index, 'key-0').length, 20);
});

t.test('what is overridden is no candidate any more, in any thread', async (t) => {
  const index = indexOf(10);
  const other = FileIndex.attach(index.handle);
  insert(index, 'a', 0);
  insert(index, 'b', 4);
  insert(index, 'a', 8);
  t.strictSame(offsets(other, 'a'), [8, 0]);
  const [last, first] = other.candidates('a');
  t.equal(other.override(first?.slot ?? -1), true);
  t.equal(index.override(first?.slot ?? -1), false);
  t.strictSame(offsets(index, 'a'), [8]);
  t.equal(index.override(last?.slot ?? -1), true);
  t.strictSame(offsets(index, 'a'), []);
  t.strictSame(offsets(index, 'b'), [4]);
});

t.test('an earlier line of a key does not show up while another thread overrides all of them', async (t) => {
  const { load } = Atomics;
  t.teardown(() => {
    Atomics.load = load;
  });
  for (let step = 1; step <= 12; step++) {
    const index = indexOf(2);
    const other = FileIndex.attach(index.handle);
    for (const offset of [0, 4]) insert(index, 'a', offset);
    const slots = other.candidates('a').map(({ slot }) => slot);
    let loads = 0;
    // Right before one of the loads of a look, the other thread does all its work.
    Atomics.load = ((...args: Parameters<typeof load>) => {
      if (++loads === step) for (const slot of slots.toReversed()) other.override(slot);
      return load(...args);
    }) as typeof load;
    const found = offsets(index, 'a');
    Atomics.load = load;
    t.ok(found.length === 0 || found[0] === 4, `at load ${step}: ${found}`);
  }
});

t.test('a thread that attaches before there is a table finds it later', async (t) => {
  const index = FileIndex.reserve(100);
  const other = FileIndex.attach(structuredClone({ ...index.handle }));
  t.strictSame(offsets(other, 'a'), []);
  t.equal(insert(index, 'a', 0), false);
  index.makeTable(10);
  insert(index, 'a', 0);
  t.strictSame(offsets(other, 'a'), [0]);
});

t.test('a table of several segments is one', async (t) => {
  for (const segmentSlots of [1, 7, 64]) {
    const count = 500;
    const index = indexOf(count, { segmentSlots });
    t.ok(index.handle.segments.length > 10);
    for (let i = 0; i < count; i++) insert(index, `key-${i}`, 3 * i);
    let wrong = 0;
    for (let i = 0; i < count; i++) if (!offsets(index, `key-${i}`).includes(3 * i)) wrong++;
    t.equal(wrong, 0);
  }
});

t.test('more lines than a file of its size can have are refused', async (t) => {
  t.throws(() => FileIndex.reserve(300).makeTable(1000), RangeError);
});

t.test('hashes differ from one index to the next', async (t) => {
  const seeds = new Set(Array.from({ length: 10 }, () => String(indexOf(1).handle.seeds)));
  t.equal(seeds.size, 10);
});
