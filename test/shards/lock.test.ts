/** `guard: 'lock'`: one thread at a time, nobody sleeps for longer than he must, and the lock outlives its owner. */
import t from 'tap';
import { SharedCache } from '../../shards/index.js';
import { SHARD_LOCK } from '../../shards/layout.js';
import { LockedShard } from '../../shards/locked-shard.js';
import { currentIdentity } from '../../shards/owner.js';
import { Quota } from '../../shards/quota.js';
import { Recency } from '../../shards/recency.js';
import { ShardLock } from '../../shards/shard-lock.js';
import { Crew, flawsOf } from './crew.js';
import { DEAD, draftOf, Rig, Side } from './rig.js';
import { Hangs, stepping } from './stepping.js';
import { seeded, textOf, times } from './support.js';

const KIB = 1024;
const AWAITED = 0x100;
/** Sleeps after which a thread is taken to wait for ever. */
const MOST_NAPS = 1_000;

interface Scene {
  readonly rig: Rig;
  readonly words: Int32Array;
  readonly a: ShardLock;
  readonly b: ShardLock;
}

/** The locks of a shard as two threads have them. */
function scene(): Scene {
  const rig = new Rig({ maxMemory: 64 * KIB });
  const [one, other] = [new Side(rig, 1), new Side(rig, 2)];
  return { rig, words: one.view.words, a: new ShardLock(one.view), b: new ShardLock(other.view) };
}

/** Runs `act`, with `meanwhile` in place of each sleep. */
function asleep(act: () => void, meanwhile: (naps: number) => void): number {
  let naps = 0;
  stepping(
    act,
    () => {},
    () => {
      if (++naps > MOST_NAPS) throw new Hangs();
      meanwhile(naps);
      return 'timed-out';
    },
  );
  return naps;
}

t.test('the lock is had by who acquired it, until he releases it', async (t) => {
  const { words, a, b } = scene();
  a.acquire();
  t.equal(words[SHARD_LOCK], 1);
  a.release();
  t.equal(words[SHARD_LOCK], 0);
  b.acquire();
  t.equal(words[SHARD_LOCK], 2);
  b.release();
});

t.test('who finds it taken sleeps, having said so, and has it when it is released', async (t) => {
  const { words, a, b } = scene();
  a.acquire();
  const naps = asleep(
    () => b.acquire(),
    (naps) => {
      t.equal(words[SHARD_LOCK], 1 | AWAITED);
      if (naps === 3) a.release();
    },
  );
  t.equal(naps, 3);
  t.equal(words[SHARD_LOCK], 2 | AWAITED, 'others may be waiting');
});

t.test(
  'a release wakes a sleeper where there may be one, and asks for none where there is not',
  async (t) => {
    const { words, a } = scene();
    const { notify } = Atomics;
    const woken: unknown[][] = [];
    Atomics.notify = (...args) => {
      woken.push([args[1], args[2], words[SHARD_LOCK]]);
      return 0;
    };
    try {
      a.acquire();
      a.release();
      t.strictSame(woken, []);
      a.acquire();
      words[SHARD_LOCK] |= AWAITED;
      a.release();
      t.strictSame(woken, [[SHARD_LOCK, 1, 0]], 'one of them, once the lock is free');
    } finally {
      Atomics.notify = notify;
    }
  },
);

t.test('a lock whose owner has died is taken over, from a living one never', async (t) => {
  for (const awaited of [0, AWAITED]) {
    const { rig, words, b } = scene();
    words[SHARD_LOCK] = 3 | awaited;
    rig.setIdentity(3, DEAD);
    const naps = asleep(
      () => b.acquire(),
      () => {},
    );
    t.equal(words[SHARD_LOCK], 2 | AWAITED);
    t.equal(naps, 0, 'it is not waited for');

    const other = scene();
    other.words[SHARD_LOCK] = 3 | awaited;
    other.rig.setIdentity(3, currentIdentity());
    asleep(
      () => other.b.acquire(),
      (naps) => {
        t.equal(other.words[SHARD_LOCK], 3 | AWAITED);
        if (naps === 50) other.rig.setIdentity(3, DEAD);
      },
    );
    t.equal(other.words[SHARD_LOCK], 2 | AWAITED);
  }
});

t.test('who gets a dead thread’s id takes its lock off, and nobody else’s', async (t) => {
  const { words, a } = scene();
  for (const [word, left] of [
    [3, 0],
    [3 | AWAITED, 0],
    [2, 2],
    [0, 0],
  ] as const) {
    words[SHARD_LOCK] = word;
    a.releaseLeft(3);
    t.equal(words[SHARD_LOCK], left);
  }
});

t.test('a shard has its lock while it reads and publishes, and never when it has done', async (t) => {
  const rig = new Rig({ maxMemory: 64 * KIB });
  const { view, key } = new Side(rig, 1);
  const recency = new Recency(
    rig.control,
    0,
    () => 1,
    () => {},
  );
  const nobody = { evictOne: () => false, recover: () => {}, countEntries: () => 0 };
  const quota = new Quota(view.thread, rig.layout.threadSlots, 0, nobody);
  const shard = new LockedShard(view, rig.secrets, quota, recency);
  const write = (): unknown => shard.write(key, draftOf(Buffer.from('v')));
  key.load('k');
  write();
  const operations: Readonly<Record<string, () => unknown>> = {
    get: () => shard.get(key),
    getInto: () => shard.getInto(key, new Uint8Array(1)),
    read: () => shard.read(key),
    peek: () => shard.peek(key),
    expiry: () => shard.expiry(key),
    write,
    delete: () => shard.delete(key),
  };
  for (const [name, act] of Object.entries(operations)) {
    let locked = 0;
    stepping(act, () => {
      if (view.words[SHARD_LOCK] === 1) locked++;
    });
    t.ok(locked > 0, name);
    t.equal(view.words[SHARD_LOCK], 0);
  }
  write();
  let thrown = 0;
  t.throws(() =>
    stepping(
      () => shard.get(key),
      () => {
        if (view.words[SHARD_LOCK] === 1 && thrown++ === 0) throw new Error('out of memory');
      },
    ),
  );
  t.equal(view.words[SHARD_LOCK], 0, 'nor when an error ends it');
  view.words[SHARD_LOCK] = 1;
  shard.takeOver(1);
  const found = stepping(
    () => shard.get(key),
    () => {},
  );
  t.equal(textOf(found), 'v', 'taken over with the id');
});

t.test('threads that add to a number under the lock lose none', async (t) => {
  const cache = SharedCache.create({ maxMemory: 64 * KIB, guard: 'lock' });
  const number = new Int32Array(new SharedArrayBuffer(4));
  const steps = times(30_000);
  const job = { kind: 'lock', steps, number } as const;
  const crew = await Crew.ready(t, cache, [job, job, job, job]);
  t.strictSame(flawsOf(await crew.run()), []);
  t.equal(number[0], 4 * steps, seeded('without an atomic operation on it'));
});
