/**
 * Several threads' sides of one cache in a single thread, so that a test can place a race instead of hoping for it:
 * every access to shared words by `Atomics` can be stopped at, to let another "thread" act, or to die there.
 */
import { checkShard } from '../../shards/check.js';
import { NEVER } from '../../shards/entry.js';
import { KeyEvictor } from '../../shards/evict-one.js';
import { type HashSecrets, hashSecrets } from '../../shards/hash.js';
import { KeyBuffer } from '../../shards/key-buffer.js';
import {
  CONTROL_HEADER_WORDS,
  type Layout,
  layoutOf,
  SLOT_IDENTITY,
  SLOT_WORDS,
} from '../../shards/layout.js';
import { currentIdentity } from '../../shards/owner.js';
import { Quota } from '../../shards/quota.js';
import { Recency } from '../../shards/recency.js';
import { Shard } from '../../shards/shard.js';
import { ShardView } from '../../shards/shard-view.js';
import { type ControlWords, ThreadSlot } from '../../shards/thread-slot.js';
import { Draft } from '../../shards/writer.js';

/** The identity of a thread that is not there: no start time goes with the largest id of all. */
export const DEAD = (1 << 22) - 1;

export interface RigOptions {
  readonly maxMemory: number;
  readonly maxKeys?: number;
}

/** One thread's side. */
export class Side {
  readonly shard: Shard;
  readonly view: ShardView;
  readonly key: KeyBuffer;

  constructor(rig: Rig, id: number) {
    const shards: Shard[] = [];
    const recency = new Recency(rig.control, rig.maxKeys, () => this.shard.keys);
    const quota = new Quota(rig.control, rig.maxKeys, new KeyEvictor(shards, recency, rig.maxKeys));
    this.view = new ShardView(rig.buffer, 0, rig.layout, new ThreadSlot(rig.control, id));
    this.shard = new Shard(this.view, rig.secrets, quota, recency);
    shards.push(this.shard);
    this.key = new KeyBuffer(rig.secrets);
    rig.setIdentity(id, currentIdentity());
  }

  /** The key, loaded. */
  load(key: string): KeyBuffer {
    this.key.load(key);
    return this.key;
  }

  get(key: string): Uint8Array | undefined {
    return this.shard.get(this.load(key));
  }

  set(key: string, value: Uint8Array): boolean {
    return this.shard.write(this.load(key), draftOf(value)) === 'stored';
  }

  delete(key: string): boolean {
    return this.shard.delete(this.load(key));
  }
}

/** A value to write, without a time to live. */
export function draftOf(value: Uint8Array): Draft {
  return new Draft().fill(value, 0, value.length, NEVER, 0);
}

export class Rig {
  readonly layout: Layout;
  readonly secrets: HashSecrets;
  readonly control: ControlWords;
  readonly buffer: SharedArrayBuffer;
  readonly maxKeys: number;
  readonly #options: RigOptions;

  constructor(options: RigOptions, from?: Rig) {
    const { maxMemory, maxKeys = 0 } = options;
    this.layout = layoutOf({ maxMemory, maxKeys, maxValueSize: maxMemory, shards: 1 });
    this.secrets = hashSecrets(1);
    this.control = new Int32Array(new SharedArrayBuffer(this.layout.controlBytes));
    this.buffer = new SharedArrayBuffer(this.layout.shardBytes);
    this.maxKeys = maxKeys;
    this.#options = options;
    if (from === undefined) return;
    this.control.set(from.control);
    new Uint8Array(this.buffer).set(new Uint8Array(from.buffer));
  }

  /** The same memory, once more; its sides are to be made anew. */
  copy(): Rig {
    return new Rig(this.#options, this);
  }

  setIdentity(id: number, identity: number): void {
    this.control[CONTROL_HEADER_WORDS + (id - 1) * SLOT_WORDS + SLOT_IDENTITY] = identity;
  }

  errors(): string[] {
    return checkShard(
      new ShardView(this.buffer, 0, this.layout, new ThreadSlot(this.control, 1)),
      this.secrets,
    );
  }
}

type Word = Int32Array<SharedArrayBuffer>;

/** Something that waits for another thread far longer than it ever should. */
export class Hangs extends Error {
  override readonly name = 'Hangs';
}

/** Naps of a millisecond after which it hangs. */
const NAPS = 3_000;

/**
 * Runs `act`, and calls `before` ahead of each access by `Atomics` with the access's number, from 1 on; not for
 * accesses inside `before`. What `before` throws comes out of the access.
 *
 * @throws {Hangs} when it sleeps for too long
 */
export function stepping<T>(act: () => T, before: (access: number) => void): T {
  const real = { ...operations() };
  let count = 0;
  let naps = 0;
  let inside = false;
  const step = (): void => {
    if (inside) return;
    inside = true;
    try {
      before(++count);
    } finally {
      inside = false;
    }
  };
  // One function for each, and no rest parameters: millions of accesses go through here.
  Object.assign(Atomics, {
    load: (words: Word, at: number) => {
      step();
      return real.load(words, at);
    },
    store: (words: Word, at: number, value: number) => {
      step();
      return real.store(words, at, value);
    },
    add: (words: Word, at: number, value: number) => {
      step();
      return real.add(words, at, value);
    },
    sub: (words: Word, at: number, value: number) => {
      step();
      return real.sub(words, at, value);
    },
    or: (words: Word, at: number, value: number) => {
      step();
      return real.or(words, at, value);
    },
    compareExchange: (words: Word, at: number, from: number, to: number) => {
      step();
      return real.compareExchange(words, at, from, to);
    },
    wait: (words: Word, at: number, value: number, limit: number) => {
      if (++naps > NAPS) throw new Hangs(`after ${count} accesses`);
      return real.wait(words, at, value, Math.min(limit, 0.01));
    },
  });
  try {
    return act();
  } finally {
    Object.assign(Atomics, real);
  }
}

function operations() {
  const { load, store, add, sub, or, compareExchange, wait } = Atomics;
  return { load, store, add, sub, or, compareExchange, wait };
}
