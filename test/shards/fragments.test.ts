/**
 * Values in fragments that are moved: the head's list is frozen while the head is copied, thawed in its copy, and
 * frozen for good when the entry goes. Each race placed on purpose, at every access to shared words.
 */
import t from 'tap';
import { find } from '../../shards/bucket.js';
import { fragmentCount, kindOf, valueLengthOf, valueStart } from '../../shards/entry.js';
import { fragmentAt } from '../../shards/fragments.js';
import { FROZEN, SHARD_EVICTIONS } from '../../shards/layout.js';
import { Mover, Rig, Side } from './rig.js';
import { stepping } from './stepping.js';
import { flawIn, provingValue } from './support.js';

const KIB = 1024;
/** Bytes of a value that reaches over three segments. */
const SIZE = 3_500;

interface Scene {
  readonly rig: Rig;
  /** Two threads: the one that is stopped, the other that acts meanwhile. */
  readonly a: Side;
  readonly b: Side;
  moverOfA: Mover;
  readonly moverOfB: Mover;
}

/** A large value, written by a thread that has gone on to other segments, and the movers of two others. */
function scene(): Scene {
  const rig = new Rig({ maxMemory: 64 * KIB });
  const writer = new Side(rig, 4);
  writer.set('large', provingValue('large', 1, SIZE));
  // The segment that the last fragments lie in is closed only when it is full.
  for (let i = 0; i < 20; i++) writer.set(`after${i}`, provingValue(`after${i}`, 1, 150));
  const [a, b] = [new Side(rig, 1), new Side(rig, 2)];
  return { rig, a, b, moverOfA: new Mover(rig, a), moverOfB: new Mover(rig, b) };
}

/** Word indices of the places in the list of a value's fragments. */
function placesOf({ view }: Side, head: number): number[] {
  const list = valueStart(head, kindOf(view, head));
  const count = fragmentCount(view.layout, valueLengthOf(view, head));
  return Array.from({ length: count }, (_, i) => list + i);
}

/** Not pinned any more: segments that are pinned are not emptied as long as there are others. */
function headOf(side: Side): number {
  const head = find(side.view, side.load('large'));
  side.view.thread.pinForRead(0);
  return head;
}

/** The segments that fragments lie in, beside the head's. */
function segmentsOf(side: Side): { head: number; fragments: number[] } {
  const { view } = side;
  const at = headOf(side);
  const head = view.segmentOf(at);
  const all = new Set(placesOf(side, at).map((place) => view.segmentOf(fragmentAt(view, place))));
  all.delete(head);
  return { head, fragments: [...all] };
}

function flawsOf({ rig, a, b }: Scene): string[] {
  const flaws = [a, b].map((side) => flawIn('large', side.get('large') ?? new Uint8Array(1)));
  return [...flaws.filter((flaw) => flaw !== undefined), ...rig.errors()];
}

/** Something done to a scene. The segments are those of before: the head's, and the others that fragments lie in. */
type Act = (scene: Scene, segments: { head: number; fragments: number[] }) => void;

/** Runs `act` on a scene as often as it has accesses, with `meanwhile` at another one each time. */
function atEachAccess(act: Act, meanwhile: Act, flawsAfter: (scene: Scene) => string[]): string[] {
  for (let stop = 1; ; stop++) {
    const one = scene();
    const segments = segmentsOf(one.b);
    let reached = false;
    stepping(
      () => act(one, segments),
      (access) => {
        if (access !== stop) return;
        reached = true;
        meanwhile(one, segments);
      },
    );
    if (!reached) return stop > 20 ? [] : [`${stop} accesses, no more`];
    const flaws = flawsAfter(one);
    if (flaws.length > 0) return [...flaws.slice(0, 4), `at access ${stop}`];
  }
}

t.test('the scene is as said', async (t) => {
  const one = scene();
  const { head, fragments } = segmentsOf(one.a);
  t.ok(fragments.length >= 1, 'not all fragments lie where the head is');
  const before = headOf(one.a);
  one.moverOfA.empty(head);
  t.not(headOf(one.a), before, 'the head was moved');
  for (const segment of fragments) one.moverOfB.empty(segment);
  t.strictSame(
    segmentsOf(one.a).fragments.filter((segment) => fragments.includes(segment)),
    [],
    'the fragments were moved',
  );
  t.strictSame(flawsOf(one), []);
});

t.test('while a head is copied none of its fragments is moved away under the copy', async (t) => {
  const flaws = atEachAccess(
    ({ moverOfA }, { head }) => moverOfA.empty(head),
    ({ moverOfB }, { fragments }) => {
      for (const segment of fragments) moverOfB.empty(segment);
    },
    flawsOf,
  );
  t.strictSame(flaws, []);
});

t.test('a head’s list is frozen before it is copied, and its copy’s is not', async (t) => {
  const { a, moverOfA } = scene();
  const { view } = a;
  const old = headOf(a);
  const frozenOf = (location: number): number =>
    placesOf(a, location).filter((place) => view.words[place] & FROZEN).length;
  t.equal(frozenOf(old), 0);
  moverOfA.empty(segmentsOf(a).head);
  const moved = headOf(a);
  t.not(moved, old);
  t.equal(frozenOf(old), placesOf(a, old).length, 'the old one is, for good');
  t.equal(frozenOf(moved), 0, 'the new one’s fragments can be moved again');
});

t.test('fragments are moved again and again after their head was, and nothing is evicted', async (t) => {
  const one = scene();
  for (let round = 0; round < 5; round++) {
    one.moverOfA.empty(segmentsOf(one.a).head);
    const { head, fragments } = segmentsOf(one.a);
    const before = headOf(one.a);
    for (const segment of fragments) if (segment !== head) one.moverOfB.empty(segment);
    t.equal(headOf(one.a), before, 'without the head');
    t.strictSame(flawsOf(one), []);
    // So that what is open now is closed, and moved in the next round.
    one.moverOfA = new Mover(one.rig, one.a);
  }
  t.equal(one.a.view.words[SHARD_EVICTIONS], 0);
});

t.test('who finds a head frozen by a thread that died moves it himself', async (t) => {
  const one = scene();
  const { view } = one.a;
  const { fragments } = segmentsOf(one.a);
  const before = headOf(one.a);
  for (const place of placesOf(one.a, before)) {
    if (fragments.includes(view.segmentOf(fragmentAt(view, place)))) view.words[place] |= FROZEN;
  }
  t.strictSame(flawsOf(one), [], 'readers do not mind');
  for (const side of [one.a, one.b]) side.view.thread.pinForRead(0);
  for (const segment of fragments) one.moverOfB.empty(segment);
  t.not(headOf(one.a), before);
  t.strictSame(flawsOf(one), []);
});

for (const how of ['deleted', 'overwritten'] as const) {
  t.test(`a value that is ${how} while its fragments are moved leaves no word behind`, async (t) => {
    const end: Act = ({ a }) => {
      if (how === 'deleted') a.delete('large');
      else a.set('large', provingValue('large', 2, 40));
    };
    const move: Act = ({ moverOfB }, { fragments }) => {
      for (const segment of fragments) moverOfB.empty(segment);
    };
    const left = ({ rig, a }: Scene): string[] => {
      a.delete('large');
      for (let i = 0; i < 20; i++) a.delete(`after${i}`);
      return rig.liveWords === 0 ? rig.errors() : [`${rig.liveWords} words count as reachable`];
    };
    t.strictSame(atEachAccess(end, move, left), [], 'moved in the middle of that');
    t.strictSame(atEachAccess(move, end, left), [], 'in the middle of the move');
  });
}
