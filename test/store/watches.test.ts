/** WATCH: every write of a key is seen, by whomever, and hardly any other. */
import t, { type Test } from 'tap';
import { SharedCache } from '../../shards/index.js';
import { type Watched, type Watcher, Watches } from '../../src/store/watches.js';
import { FakeClock } from '../shards/support.js';
import type { Change } from './fixtures/turn-task.js';
import { TurnCrew } from './turn-crew.js';

// Waiting in shared memory does not keep a process alive.
const alive = setInterval(() => {}, 1000);
t.teardown(() => clearInterval(alive));

interface Setup {
  readonly map: SharedCache;
  readonly watches: Watches;
  readonly watcher: Watcher;
  watch(key: string): Watched;
}

function setUp(workers = 2): Setup {
  const map = SharedCache.create({ maxMemory: 2 ** 20 });
  const watches = Watches.create(workers);
  map.observeWrites(watches);
  const watcher = watches.watcherOf(0, map);
  return { map, watches, watcher, watch: (key) => watcher.watch(Buffer.from(key)) };
}

const CHANGES: Readonly<Record<Change, boolean>> = {
  set: true,
  'set the same': true,
  delete: true,
  'set and delete': true,
  expire: true,
  clear: true,
  'set another': false,
};

for (const [change, isChange] of Object.entries(CHANGES)) {
  t.test(`another thread’s change: ${change}`, async (t) => {
    const crew = new TurnCrew(t, 2);
    const watcher = crew.watches.watcherOf(0, crew.map);
    const turn = crew.turnstile.turnOf(0);
    const watched = turn.exclusively(() => watcher.watch(Buffer.from('a')));
    t.equal(
      turn.exclusively(() => watcher.isChanged(watched)),
      false,
    );
    await crew.start(1, 'change', { change: change as Change }).report;
    t.equal(
      turn.exclusively(() => watcher.isChanged(watched)),
      isChange,
    );
    watcher.unwatch(watched);
    const again = turn.exclusively(() => watcher.watch(Buffer.from('a')));
    t.equal(watcher.isChanged(again), false, 'what came before does not count');
  });
}

t.test('a key that has no value', async (t) => {
  const { map, watcher, watch } = setUp();
  const watched = watch('a');
  map.clear();
  map.delete('a');
  map.get('a');
  t.equal(watcher.isChanged(watched), false, 'is not changed when it is removed');
  map.set('a', '1');
  map.delete('a');
  t.equal(watcher.isChanged(watched), true, 'nor unchanged when it was there in between');
});

t.test('a value that has gone by itself has changed', async (t) => {
  const clock = new FakeClock();
  t.teardown(() => clock.restore());
  const { map, watcher, watch } = setUp();
  map.set('a', '1', { ttl: 10 });
  const watched = watch('a');
  t.equal(watcher.isChanged(watched), false);
  clock.now += 10;
  t.equal(watcher.isChanged(watched), true, 'expired');
  t.equal(watcher.isChanged(watch('a')), false, 'what had expired before has not');

  map.set('b', '1');
  const other = watch('b');
  for (let i = 0; map.has('b'); i++) map.set(`key${i}`, Buffer.alloc(1_000));
  t.equal(watcher.isChanged(other), true, 'evicted');
});

t.test('one key is watched by many, and by each until he ends it', async (t) => {
  const { map, watches, watcher, watch } = setUp();
  const other = watches.watcherOf(1, map);
  const [first, second, third] = [watch('a'), watch('a'), other.watch(Buffer.from('a'))];
  watcher.unwatch(first);
  map.set('a', '1');
  t.equal(watcher.isChanged(second), true);
  t.equal(other.isChanged(third), true);
  watcher.unwatch(second);
  const fourth = watch('a');
  other.unwatch(third);
  t.equal(watcher.isChanged(fourth), false);
  map.set('a', '2');
  t.equal(watcher.isChanged(fourth), true);
});

t.test('the key may be overwritten once it is watched', async (t) => {
  const { map, watcher } = setUp();
  map.set('a', '1');
  const buffer = Buffer.from('a');
  const watched = watcher.watch(buffer);
  buffer.write('b');
  t.equal(watcher.isChanged(watched), false);
});

t.test('a write of any of very many keys is seen', async (t) => {
  const { map, watcher, watch } = setUp();
  // More than there are slots: the last ones are watched in the crowd.
  const keys = Array.from({ length: 6_000 }, (_, i) => `key${i}`);
  const watched = keys.map(watch);
  t.equal(watched.filter((key) => watcher.isChanged(key)).length, 0);
  let missed = 0;
  let most = 0;
  for (let i = 0; i < keys.length; i += 97) {
    const before = watch(keys[i] ?? '');
    map.set(keys[i] ?? '', '1');
    if (!watcher.isChanged(watched[i] as Watched) || !watcher.isChanged(before)) missed++;
    most = i;
  }
  t.equal(missed, 0);
  t.ok(most > 5_000);
  for (const key of watched) watcher.unwatch(key);
});

t.test('in the middle of a few watched keys another one changes nothing', async (t) => {
  const { map, watcher, watch } = setUp();
  const watched = Array.from({ length: 50 }, (_, i) => watch(`watched${i}`));
  for (let i = 0; i < 20_000; i++) map.set(`other${i}`, '1');
  t.equal(watched.filter((key) => watcher.isChanged(key)).length, 0);
});

/** How many slots of the table are taken, as seen by how many keys can be watched before one is in the crowd. */
function sharesCrowd({ map, watcher, watch }: Setup): boolean {
  const some = Array.from({ length: 100 }, (_, i) => watch(`probe${i}`));
  map.set('none of them', '1');
  const isShared = some.some((key) => watcher.isChanged(key));
  for (const key of some) watcher.unwatch(key);
  return isShared;
}

t.test('what a worker that died has watched takes no room', async (t) => {
  const setup = setUp();
  const { map, watches } = setup;
  const dying = watches.watcherOf(1, map);
  for (let i = 0; i < 30_000; i++) dying.watch(Buffer.from(`key${i}`));
  t.equal(sharesCrowd(setup), true, 'the table is full');
  watches.release(1);
  t.equal(sharesCrowd(setup), false);
});

t.test('what is not watched any more takes no room', async (t) => {
  const setup = setUp();
  const { watcher, watch } = setup;
  for (let i = 0; i < 30_000; i++) watcher.unwatch(watch(`key${i}`));
  t.equal(sharesCrowd(setup), false);
});

t.test('a thread that dies and is released takes no other’s watch along', async (t) => {
  const crew = new TurnCrew(t, 2);
  crew.map.observeWrites(crew.watches);
  const watcher = crew.watches.watcherOf(0, crew.map);
  const turn = crew.turnstile.turnOf(0);
  const thread = crew.start(1, 'stay watching');
  await crew.untilDone(1);
  const watched = turn.exclusively(() => watcher.watch(Buffer.from('a')));
  await thread.kill();
  crew.turnstile.release(1);
  crew.watches.release(1);
  t.equal(watcher.isChanged(watched), false);
  turn.within(() => crew.map.set('a', '1'));
  t.equal(watcher.isChanged(watched), true);
});

t.test('there are as many watchers as workers', async (t: Test) => {
  const { map, watches } = setUp(2);
  for (const worker of [-1, 2]) t.throws(() => watches.watcherOf(worker, map), { name: 'RangeError' });
});
