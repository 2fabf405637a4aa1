/**
 * What keeps the index and the log tidy by itself: the sweep for expired entries with the notes it goes by, and the
 * ghosts that evicted entries leave in their slots. With another thread in the middle, and deaths at every access.
 */
import t, { type Test } from 'tap';
import { find } from '../../shards/bucket.js';
import { expiryOf, kindOf, recordWords, stampOf } from '../../shards/entry.js';
import { isGhost } from '../../shards/ghost.js';
import { BUCKET_WORDS, FLAG_DEAD, FLAG_EXPIRES, FLAG_FRAGMENT } from '../../shards/layout.js';
import { earliestExpiry, IN_USE, stateOf, usedWords } from '../../shards/segment.js';
import { classOf } from '../../shards/stamp.js';
import { Draft } from '../../shards/writer.js';
import { DEAD, Rig, Side } from './rig.js';
import { stepping } from './stepping.js';
import { FakeClock, provingValue } from './support.js';

const KIB = 1024;
const SECOND = 1000;

function setFor(side: Side, key: string, ttl: number, size = 60): boolean {
  const value = provingValue(key, 1, size);
  return (
    side.shard.write(side.load(key), new Draft().fill(value, 0, value.length, Date.now() + ttl, 0)) ===
    'stored'
  );
}

/** Some keys that expire after a second, some after 100, some never; all but the last in closed segments. */
function furnished(): Rig {
  const rig = new Rig({ maxMemory: 64 * KIB });
  const writer = new Side(rig, 4);
  for (let i = 0; i < 30; i++) {
    setFor(writer, `soon${i}`, SECOND);
    if (i % 3 === 0) setFor(writer, `later${i}`, 100 * SECOND);
    if (i % 3 === 1) writer.set(`never${i}`, provingValue(`never${i}`, 1, 60));
    if (i % 10 === 0) setFor(writer, `large${i}`, SECOND, 1_500);
  }
  return rig;
}

/** What is wrong with the notes of the segments: each must be as early as every entry that is not dead. */
function flawsOfNotes({ view }: Side): string[] {
  const flaws: string[] = [];
  for (let segment = 0; segment < view.layout.segments; segment++) {
    if (stateOf(view, segment) !== IN_USE) continue;
    const noted = earliestExpiry(view, segment);
    const end = view.segmentStart(segment) + usedWords(view, segment);
    for (let at = view.segmentStart(segment); at < end; ) {
      const kind = kindOf(view, at);
      const second = Math.floor(expiryOf(view, at, kind) / SECOND);
      const counts = (kind & FLAG_EXPIRES) !== 0 && (kind & (FLAG_DEAD | FLAG_FRAGMENT)) === 0;
      if (counts && (noted === 0 || noted > second))
        flaws.push(`segment ${segment}: ${second} is before ${noted}`);
      at += recordWords(view, at, kind);
    }
  }
  return flaws;
}

/** One whole sweep of a side. */
function sweep({ shard }: Side): void {
  for (let slices = 0; !shard.expirySweep.sweepSlice(); slices++) {
    if (slices > 1_000) throw new Error('a sweep that does not end');
  }
}

function clockOf(t: Test): FakeClock {
  const clock = new FakeClock();
  t.teardown(() => clock.restore());
  return clock;
}

t.test('a sweep removes what has expired and nothing else, and moves the notes on', async (t) => {
  const clock = clockOf(t);
  const rig = furnished();
  const side = new Side(rig, 1);
  t.strictSame(flawsOfNotes(side), []);
  const keys = side.shard.keys;
  sweep(side);
  t.equal(side.shard.keys, keys, 'nothing has expired yet');
  clock.now += 2 * SECOND;
  sweep(side);
  t.equal(side.shard.keys, 20, 'those that expire later, and those that never do');
  t.strictSame(flawsOfNotes(side), []);
  const now = Math.floor(Date.now() / SECOND);
  const due = Array.from({ length: rig.layout.segments }, (_, segment) => segment).filter((segment) => {
    const noted = earliestExpiry(side.view, segment);
    return noted !== 0 && noted <= now;
  });
  t.ok(due.length <= 1, 'only the open segment keeps its note');
  t.strictSame(rig.errors(), []);
});

t.test('an entry that is written in the middle of a sweep is not forgotten', async (t) => {
  const clock = clockOf(t);
  const base = furnished();
  clock.now += 2 * SECOND;
  let stops = 0;
  for (let stop = 1, stopped = true; stopped; stop += 3) {
    const rig = base.copy();
    const [sweeper, writer] = [new Side(rig, 1), new Side(rig, 2)];
    // So that it has an open segment, in which something is due.
    setFor(writer, 'first', -1);
    stopped = false;
    stepping(
      () => sweep(sweeper),
      (access) => {
        if (access !== stop) return;
        stopped = true;
        // One entry, or so many that they fill some segments and replace what is being swept.
        for (let i = 0; i < (stop % 2 === 0 ? 40 : 1); i++)
          setFor(writer, `soon${i}`, (i % 2 === 0 ? 1 : 50) * SECOND);
      },
    );
    const flaws = [...flawsOfNotes(sweeper), ...rig.errors()];
    if (flaws.length > 0) t.fail(`written at access ${stop}: ${flaws.slice(0, 3).join()}`);
    stops++;
  }
  t.ok(stops > 50, `${stops} instants`);
});

t.test('a death at each access of a sweep leaves nothing behind', async (t) => {
  const clock = clockOf(t);
  const base = furnished();
  clock.now += 2 * SECOND;
  let deaths = 0;
  for (let stop = 1, died = true; died; stop += 5) {
    const rig = base.copy();
    const [sweeper, other] = [new Side(rig, 1), new Side(rig, 2)];
    died = false;
    try {
      stepping(
        () => sweep(sweeper),
        (access) => {
          if (access !== stop) return;
          died = true;
          throw new Error('dies here');
        },
      );
    } catch (error) {
      if (!died) throw error;
    }
    rig.setIdentity(1, DEAD);
    stepping(
      () => {
        sweep(other);
        for (let i = 0; i < 300; i++) other.set(`churn${i}`, provingValue(`churn${i}`, 1, 300));
      },
      () => {},
    );
    const flaws = [
      ...flawsOfNotes(other),
      ...rig.errors().filter((error) => !/keys are reachable, \d+ are counted/.test(error)),
    ];
    if (other.get('soon3') !== undefined) flaws.push('soon3 has expired and is there');
    if (flaws.length > 0) t.fail(`died at access ${stop}: ${flaws.slice(0, 3).join()}`);
    deaths++;
  }
  t.ok(deaths > 30, `${deaths} deaths`);
});

t.test('an evicted key leaves a ghost, comes back to its slot and keeps its class', async (t) => {
  const rig = new Rig({ maxMemory: 64 * KIB });
  const side = new Side(rig, 1);
  const { view, shard } = side;
  side.set('key', provingValue('key', 1, 60));
  // Uses of one tick count as one.
  for (let i = 0; i < 200; i++) side.get('key');
  const location = find(view, side.load('key'));
  const slot = view.foundSlot;
  const entryClass = classOf(stampOf(view, location));
  t.ok(entryClass > 0);
  t.equal(shard.remove(slot, location, 'evicted'), true);
  t.equal(isGhost(view.words[slot] as number), true);
  t.equal(side.get('key'), undefined);
  t.equal(shard.keys, 0);
  side.set('key', provingValue('key', 2, 60));
  const back = find(view, side.load('key'));
  t.equal(view.foundSlot, slot);
  t.equal(classOf(stampOf(view, back)), Math.min(2, entryClass + 1));
  t.strictSame(rig.errors(), []);

  t.equal(side.delete('key'), true);
  t.equal(view.words[slot], 0, 'one that is deleted leaves none');
});

t.test('a slot whose ghost another key took in between is not taken twice', async (t) => {
  const base = new Rig({ maxMemory: 64 * KIB });
  const first = new Side(base, 1);
  // So many that every slot of every bucket holds a ghost.
  for (let i = 0; i < 2_000; i++) {
    first.set(`fill${i}`, provingValue(`fill${i}`, 1, 40));
    const location = find(first.view, first.load(`fill${i}`));
    first.shard.remove(first.view.foundSlot, location, 'evicted');
  }
  let placed = 0;
  for (let stop = 1, stopped = true; stopped; stop++) {
    const rig = base.copy();
    const [one, other] = [new Side(rig, 1), new Side(rig, 2)];
    const keys: string[] = [];
    stopped = false;
    stepping(
      () => one.set('key', provingValue('key', 1, 60)),
      (access) => {
        if (access !== stop) return;
        stopped = true;
        // In one thread, nobody can wait for a bucket's lock.
        if (isLocked(one)) return;
        for (let i = 0; i < 120; i++) keys.push(`new${i}`);
        for (const key of keys) other.set(key, provingValue(key, 1, 40));
      },
    );
    placed += keys.length;
    const flaws = rig.errors();
    for (const key of ['key', ...keys]) if (other.get(key) === undefined) flaws.push(`${key} is not there`);
    if (flaws.length > 0) t.fail(`in the middle, at access ${stop}: ${flaws.slice(0, 3).join()}`);
  }
  t.ok(placed > 0);
});

function isLocked({ view }: Side): boolean {
  for (let i = 0; i < view.buckets; i++) {
    if (((view.words[view.indexStart + i * BUCKET_WORDS] as number) & 0xff) !== 0) return true;
  }
  return false;
}
