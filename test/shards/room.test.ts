/**
 * Nothing is evicted while there is room: memory that is dead, or that other threads are about to give back, counts as
 * room, whoever has taken the last free segments in the meantime.
 */
import t from 'tap';
import { SEGMENT_DEAD, SHARD_EVICTIONS } from '../../shards/layout.js';
import { claim, FREE, isClosed, release, stateOf, usedWords } from '../../shards/segment.js';
import { Rig, Side } from './rig.js';
import { stepping } from './stepping.js';
import { flawIn, provingValue } from './support.js';

const KIB = 1024;
/** Naps of a millisecond that a write may take before it evicts. */
const MOST_NAPS = 200;

/** Two threads' sides of a small map: one writes, the other holds segments. */
class Table {
  readonly rig = new Rig({ maxMemory: 64 * KIB });
  readonly writer = new Side(this.rig, 1);
  readonly other = new Side(this.rig, 2);
  /** Keys that must be there, and the sizes of their values. */
  readonly kept = new Map<string, number>();
  #held: number[] = [];

  set(key: string, size: number): boolean {
    this.kept.set(key, size);
    return this.writer.set(key, provingValue(key, 1, size));
  }

  /** Writes keys of a size until so many segments are left free. */
  fill(size: number, left: number): void {
    for (let i = 0; this.#count(FREE) > left; i++) this.set(`key${i}`, size);
  }

  /** Deletes every key but each third, so that much is dead in each segment, and no segment wholly. */
  thinOut(): void {
    let i = 0;
    for (const key of [...this.kept.keys()]) {
      if (i++ % 3 === 0) continue;
      this.writer.delete(key);
      this.kept.delete(key);
    }
  }

  /** The other thread takes all free segments. */
  takeAll(): void {
    const { view } = this.other;
    for (let segment = 0; segment < this.rig.layout.segments; segment++) {
      if (claim(view, segment, FREE)) this.#held.push(segment);
    }
  }

  giveBack(): void {
    for (const segment of this.#held) release(this.other.view, segment, FREE);
    this.#held = [];
  }

  /** Writes new keys until the writer had to sleep, and calls `atNap` then; or until it has written `most`. */
  writeUntilNap(size: number, atNap: () => void, most = 200): number {
    let naps = 0;
    const nap = (): 'timed-out' => {
      if (++naps > MOST_NAPS) throw new Error('it waits without end');
      atNap();
      return 'timed-out';
    };
    stepping(
      () => {
        for (let i = 0; i < most && naps === 0; i++) {
          if (!this.set(`new${i}`, size)) throw new Error('refused');
        }
      },
      () => {},
      nap,
    );
    return naps;
  }

  get evictions(): number {
    return this.writer.view.words[SHARD_EVICTIONS] as number;
  }

  get closed(): number[] {
    const { view } = this.writer;
    return Array.from({ length: this.rig.layout.segments }, (_, i) => i).filter((i) => isClosed(view, i));
  }

  /** What is wrong with the map and the keys that must be there. */
  flaws(): string[] {
    this.giveBack();
    const lost = [...this.kept].flatMap(([key, size]) => {
      const value = this.writer.get(key);
      if (value?.length !== size) return `${key} is lost`;
      return flawIn(key, value) ?? [];
    });
    return [...lost, ...this.rig.errors()];
  }

  #count(state: number): number {
    const { view } = this.writer;
    let count = 0;
    for (let i = 0; i < this.rig.layout.segments; i++) if (stateOf(view, i) === state) count++;
    return count;
  }
}

for (const [what, size] of [
  ['in one piece', 200],
  ['in fragments', 500],
] as const) {
  t.test(`values ${what}: who has nowhere to move entries waits for what others give back`, async (t) => {
    const table = new Table();
    table.fill(size, 2);
    table.thinOut();
    table.takeAll();
    t.equal(
      table.writeUntilNap(size, () => table.giveBack()),
      1,
    );
    t.equal(table.evictions, 0);
    t.strictSame(table.flaws(), []);
    for (const key of table.kept.keys()) table.writer.delete(key);
    t.equal(table.rig.liveWords, 0, 'of segments that were given up half emptied all is counted as well');
  });

  t.test(`values ${what}: it does not wait for ever`, async (t) => {
    const table = new Table();
    table.fill(size, 2);
    table.thinOut();
    table.takeAll();
    const naps = table.writeUntilNap(size, () => {});
    t.ok(naps > 1 && naps <= MOST_NAPS);
    t.ok(table.evictions > 0);
    t.strictSame(table.rig.errors(), []);
  });
}

t.test('segments that are wholly dead are found behind one that only looks so', async (t) => {
  const table = new Table();
  table.fill(200, 2);
  const { view } = table.writer;
  const [first = 0, ...dead] = table.closed.slice(3, 6);
  for (const key of [...table.kept.keys()]) {
    const location = table.writer.shard.peek(table.writer.load(key))?.location ?? 0;
    if (!dead.includes(view.segmentOf(location))) continue;
    table.writer.delete(key);
    table.kept.delete(key);
  }
  // As by counts that came late, in the segment's next life.
  view.words[view.segmentRow(first) + SEGMENT_DEAD] = 2 * usedWords(view, first);
  table.takeAll();
  const segment = 2 * KIB;
  const naps = table.writeUntilNap(200, () => {}, segment / 200);
  t.strictSame([naps, table.evictions], [0, 0]);
  t.strictSame(table.flaws(), []);
});

t.test(
  'memory that is in the hands of others, while little of it holds entries, is waited for',
  async (t) => {
    const table = new Table();
    // All alive, in a third of the memory.
    for (let i = 0; table.closed.length < table.rig.layout.segments / 3; i++) table.set(`key${i}`, 200);
    table.takeAll();
    t.equal(
      table.writeUntilNap(200, () => table.giveBack()),
      1,
    );
    t.equal(table.evictions, 0);
    t.strictSame(table.flaws(), []);
  },
);

t.test('where most of the memory holds entries, it is not waited for: there is none', async (t) => {
  const table = new Table();
  table.fill(200, 4);
  table.takeAll();
  t.equal(
    table.writeUntilNap(200, () => {}, 100),
    0,
  );
  t.ok(table.evictions > 0);
  t.strictSame(table.rig.errors(), []);
});
