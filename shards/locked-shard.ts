/**
 * `guard: 'lock'`: a shard whose reads, and the steps of writes that change what reads find, are under a lock. What
 * takes long or waits, like writing the entry and making room, is not.
 */
import type { Expected, LabelledEntry } from './expected.js';
import type { KeyBuffer } from './key-buffer.js';
import { type PublishStep, type Removed, Shard } from './shard.js';
import { ShardLock } from './shard-lock.js';

export class LockedShard extends Shard {
  readonly #lock = new ShardLock(this.view);

  override get(key: KeyBuffer): Uint8Array<ArrayBuffer> | undefined {
    return this.#locked(() => super.get(key));
  }

  override getInto(key: KeyBuffer, target: Uint8Array, place = 0): number {
    return this.#locked(() => super.getInto(key, target, place));
  }

  override peek(key: KeyBuffer): LabelledEntry | undefined {
    return this.#locked(() => super.peek(key));
  }

  override expiry(key: KeyBuffer): number {
    return this.#locked(() => super.expiry(key));
  }

  override valueLength(key: KeyBuffer): number {
    return this.#locked(() => super.valueLength(key));
  }

  override touch(key: KeyBuffer): boolean {
    return this.#locked(() => super.touch(key));
  }

  override delete(key: KeyBuffer, expected?: Expected): Removed {
    return this.#locked(() => super.delete(key, expected));
  }

  override takeOver(id: number): void {
    this.#lock.releaseLeft(id);
    super.takeOver(id);
  }

  protected override publishStep(
    key: KeyBuffer,
    location: number,
    tick: number,
    hasPlace: boolean,
    expected?: Expected,
  ): PublishStep {
    return this.#locked(() => super.publishStep(key, location, tick, hasPlace, expected));
  }

  #locked<T>(act: () => T): T {
    this.#lock.acquire();
    try {
      return act();
    } finally {
      this.#lock.release();
    }
  }
}
