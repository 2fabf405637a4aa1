/** A cache of which a test says when it answers. */
import type { SharedCache } from '../../shards/index.js';
import { LocalCache } from '../../src/store/local.js';
import { type ReadResult, type TieredCache, UNCERTAIN } from '../../src/store/tiered.js';
import type { ProcessState } from '../../src/telemetry/process-state.js';
import { deferred } from './server-under-test.js';

/** A cache that answers reads when it is told to, but for keys with `near` in them, and counts those it is busy with. */
export class Held extends LocalCache {
  busy = 0;
  mostBusy = 0;
  readonly gate = deferred<void>();
  override async get(key: string): Promise<ReadResult | undefined> {
    this.busy += 1;
    this.mostBusy = Math.max(this.mostBusy, this.busy);
    await this.gate.promise;
    this.busy -= 1;
    return { value: Buffer.from(key), source: 'hit' };
  }
  override readInto(...parts: Parameters<LocalCache['readInto']>): number {
    const [key, start, end] = parts;
    return Buffer.from(key.subarray(start, end)).includes('near') ? super.readInto(...parts) : UNCERTAIN;
  }
}

/** A cache for `serve`, and how to get at it. */
export function held(): { cache: (map: SharedCache, state: ProcessState) => TieredCache; made: () => Held } {
  let made: Held | undefined;
  return {
    cache: (map, state) => {
      made = new Held(map, state);
      return made;
    },
    made: () => {
      if (made === undefined) throw new Error('the server has not been made');
      return made;
    },
  };
}
