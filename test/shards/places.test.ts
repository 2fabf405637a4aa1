/**
 * Places of the quota: as many as keys that are there or about to be, whoever dies wherever. A thread is terminated
 * at calls only, and so dies here at every access before which the count is right: where it is not, two stores
 * belong together that have no call in between.
 */
import t from 'tap';
import { countEntries } from '../../shards/bucket.js';
import { ABSENT } from '../../shards/expected.js';
import { CONTROL_KEYS } from '../../shards/layout.js';
import { currentIdentity } from '../../shards/owner.js';
import { claimThreadSlot, recoverDeadThreads } from '../../shards/thread-slot.js';
import { DEAD, draftOf, Rig, Side } from './rig.js';
import { stepping } from './stepping.js';
import { provingValue } from './support.js';

const KIB = 1024;
const MAX_KEYS = 3;

const value = (key: string, serial = 1): Uint8Array => provingValue(key, serial, 60);

function furnished(keys: number): { rig: Rig; a: Side; b: Side } {
  const rig = new Rig({ maxMemory: 64 * KIB, maxKeys: MAX_KEYS });
  const [a, b] = [new Side(rig, 1), new Side(rig, 2)];
  for (let i = 0; i < keys; i++) b.set(`k${i}`, value(`k${i}`));
  return { rig, a, b };
}

function placesHeld({ control }: Rig, ...sides: readonly Side[]): number {
  return sides.reduce((sum, { view }) => sum + (control[view.thread.placeWord] as number), 0);
}

/** Whether as many places are taken as there are keys, or threads about to bring one in. */
function isCountRight(rig: Rig, a: Side, b: Side): boolean {
  return rig.control[CONTROL_KEYS] === countEntries(a.view) + placesHeld(rig, a, b);
}

interface Operation {
  readonly name: string;
  readonly keys: number;
  act(a: Side): void;
  /** At each access: what another thread does meanwhile. */
  meanwhile?(rig: Rig, a: Side, b: Side): void;
}

const OPERATIONS: readonly Operation[] = [
  { name: 'a new key where there is room', keys: 1, act: (a) => a.set('new', value('new')) },
  { name: 'a new key where another one has to go', keys: 3, act: (a) => a.set('new', value('new')) },
  { name: 'a key that is there', keys: 3, act: (a) => a.set('k1', value('k1', 2)) },
  { name: 'a hidden entry of a new key', keys: 3, act: (a) => a.hide('new', value('new')) },
  { name: 'a value that is hidden', keys: 3, act: (a) => a.hide('k1', value('k1', 2)) },
  { name: 'a deletion', keys: 3, act: (a) => a.delete('k1') },
  {
    name: 'a key that another thread brings in first',
    keys: 2,
    act: (a) => a.set('new', value('new')),
    meanwhile: (rig, a, b) => {
      if (placesHeld(rig, a) === 1 && b.get('new') === undefined) b.set('new', value('new'));
    },
  },
  {
    name: 'a key that was to be brought in only if it is absent',
    keys: 3,
    act: (a) => a.shard.write(a.load('new'), draftOf(value('new')), ABSENT),
    meanwhile: (rig, a, b) => {
      if (placesHeld(rig, a) === 1 && b.get('new') === undefined) b.set('new', value('new'));
    },
  },
];

for (const { name, keys, act, meanwhile } of OPERATIONS) {
  t.test(`a thread that dies in the middle takes no place along: ${name}`, async (t) => {
    const flaws: string[] = [];
    let deaths = 0;
    let withPlace = 0;
    for (let stop = 1, reached = true; reached && flaws.length === 0; stop++) {
      const { rig, a, b } = furnished(keys);
      reached = false;
      let died = false;
      try {
        stepping(
          () => act(a),
          (access) => {
            if (isCountRight(rig, a, b)) meanwhile?.(rig, a, b);
            if (access !== stop) return;
            reached = true;
            if (!isCountRight(rig, a, b)) return;
            died = true;
            throw new Error('dies here');
          },
        );
      } catch (error) {
        if (!died) throw error;
      }
      if (!died) {
        if (!isCountRight(rig, a, b) || placesHeld(rig, a, b) !== 0)
          flaws.push(`without a death, after ${stop}`);
        continue;
      }
      deaths++;
      withPlace += placesHeld(rig, a);
      rig.setIdentity(1, DEAD);
      recoverDeadThreads(b.view.thread, rig.layout.threadSlots);
      const counted = rig.control[CONTROL_KEYS];
      if (counted !== countEntries(b.view)) flaws.push(`${counted} places for ${countEntries(b.view)} keys`);
      let most = 0;
      for (let i = 0; i < 5; i++) {
        b.set(`later${i}`, value('later'));
        most = Math.max(most, countEntries(b.view));
      }
      if (most !== MAX_KEYS) flaws.push(`${most} keys afterwards`);
      if (rig.control[CONTROL_KEYS] !== MAX_KEYS)
        flaws.push(`${rig.control[CONTROL_KEYS]} places afterwards`);
      if (flaws.length > 0) flaws.push(`died at access ${stop}`);
    }
    t.strictSame(flaws, []);
    t.ok(deaths > 2, `${deaths} deaths`);
    const needsPlace = name.includes('new') || name.includes('brought') || name.includes('brings');
    t.equal(withPlace > 0, needsPlace, `${withPlace} of them with a place`);
  });
}

t.test('who needs a place gives back what the dead hold; what the living hold is theirs', async (t) => {
  const { rig, a, b } = furnished(0);
  const hold = (): void => {
    rig.control[CONTROL_KEYS] = 1;
    rig.control[a.view.thread.placeWord] = 1;
  };
  hold();
  for (let i = 0; i < 10; i++) b.set(`k${i}`, value('k'));
  t.equal(countEntries(b.view), MAX_KEYS - 1, 'it may bring its key in at any moment');
  t.equal(placesHeld(rig, a), 1);
  rig.setIdentity(1, DEAD);
  recoverDeadThreads(b.view.thread, rig.layout.threadSlots);
  recoverDeadThreads(b.view.thread, rig.layout.threadSlots);
  t.equal(rig.control[CONTROL_KEYS], MAX_KEYS - 1, 'once');
  for (let i = 0; i < 10; i++) b.set(`l${i}`, value('l'));
  t.equal(countEntries(b.view), MAX_KEYS);
});

t.test('with a single place, which a dead thread holds, the next one to need it gets it', async (t) => {
  const rig = new Rig({ maxMemory: 64 * KIB, maxKeys: 1 });
  const [a, b] = [new Side(rig, 1), new Side(rig, 2)];
  rig.control[CONTROL_KEYS] = 1;
  rig.control[a.view.thread.placeWord] = 1;
  rig.setIdentity(1, DEAD);
  let naps = 0;
  stepping(
    () => b.set('k', value('k')),
    () => {},
    () => {
      naps++;
      return 'timed-out';
    },
  );
  t.ok(b.get('k'));
  t.equal(naps, 0, 'without waiting');
  t.equal(rig.control[CONTROL_KEYS], 1);
});

t.test('who gets a slot anew gives back the place that was held under it', async (t) => {
  const { rig, a } = furnished(2);
  rig.control[CONTROL_KEYS] = 3;
  rig.control[a.view.thread.placeWord] = 1;
  rig.setIdentity(1, currentIdentity());
  const { thread, inherited } = claimThreadSlot(rig.control, rig.layout.threadSlots);
  t.strictSame([thread.id, inherited], [1, true]);
  t.equal(rig.control[CONTROL_KEYS], 2);
  t.equal(rig.control[thread.placeWord], 0);
});
