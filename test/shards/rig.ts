/**
 * Several threads' sides of one cache in a single thread, so that a test can place a race instead of hoping for it:
 * with `stepping`, another "thread" acts, or this one dies, at any access to shared words.
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
  SEGMENT_DEAD,
  SLOT_IDENTITY,
  SLOT_WORDS,
} from '../../shards/layout.js';
import { Log } from '../../shards/log.js';
import { currentIdentity } from '../../shards/owner.js';
import { Quota } from '../../shards/quota.js';
import { Recency } from '../../shards/recency.js';
import { Reclaimer } from '../../shards/reclaim.js';
import { deadWords, IN_USE, isClosed, stateOf, usedWords } from '../../shards/segment.js';
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
    const recency: Recency = new Recency(
      rig.control,
      rig.maxKeys,
      () => this.shard.entries,
      () => evictor.restamp(),
    );
    const thread = new ThreadSlot(rig.control, id);
    const evictor: KeyEvictor = new KeyEvictor(shards, recency, rig.maxKeys);
    const quota = new Quota(thread, rig.layout.threadSlots, rig.maxKeys, evictor);
    this.view = new ShardView(rig.buffer, 0, rig.layout, thread);
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

  /** @param expiry milliseconds since the epoch, or NEVER */
  set(key: string, value: Uint8Array, expiry = NEVER): boolean {
    return this.put(key, value, expiry, 0);
  }

  /** Stores a hidden entry. */
  hide(key: string, value: Uint8Array): boolean {
    return this.put(key, value, NEVER, -1);
  }

  put(key: string, value: Uint8Array, expiry: number, label: number): boolean {
    return this.shard.write(this.load(key), draftOf(value, expiry, label)) === 'stored';
  }

  delete(key: string): boolean {
    return this.shard.delete(this.load(key)) === 'value';
  }
}

/** A value to write; without a time to live and a label, unless it is said. */
export function draftOf(value: Uint8Array, expiry = NEVER, label = 0): Draft {
  return new Draft().fill(value, 0, value.length, expiry, 0, label);
}

/** Moves what is in a segment, when told to, instead of when room is needed. */
export class Mover {
  readonly #view: ShardView;
  readonly #reclaimer: Reclaimer;

  constructor(rig: Rig, { view, shard }: Side) {
    const recency = new Recency(
      rig.control,
      rig.maxKeys,
      () => shard.entries,
      () => {},
    );
    this.#view = view;
    this.#reclaimer = new Reclaimer(view, new Log(view), rig.secrets, shard, recency, shard.expirySweep);
  }

  /** Empties a closed segment: all that is reachable is moved elsewhere, as all of it counts as dead. */
  empty(segment: number): void {
    const view = this.#view;
    if (!isClosed(view, segment)) return;
    view.words[view.segmentRow(segment) + SEGMENT_DEAD] = usedWords(view, segment);
    this.#reclaimer.tidy();
  }
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

  /** Words of records that count as reachable. */
  get liveWords(): number {
    const view = this.#view;
    let words = 0;
    for (let segment = 0; segment < this.layout.segments; segment++) {
      if (stateOf(view, segment) === IN_USE) words += usedWords(view, segment) - deadWords(view, segment);
    }
    return words;
  }

  errors(): string[] {
    return checkShard(this.#view, this.secrets);
  }

  get #view(): ShardView {
    return new ShardView(this.buffer, 0, this.layout, new ThreadSlot(this.control, 1));
  }
}
