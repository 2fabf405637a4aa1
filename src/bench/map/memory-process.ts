/**
 * A process of section "memory": it fills one map with many small entries, reads all of them back, and sends how much
 * the process grew. Run with --expose-gc, so that garbage does not count.
 */
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { SharedCache } from '../../../shards/index.js';
import { randomNumbers } from '../zipf.js';
import { KEY_SIZE, uuids } from './data.js';

export const MEMORY_NAMES = ['Map', 'lru-cache', 'hotshard'] as const;
export type MemoryName = (typeof MEMORY_NAMES)[number];

export interface MemoryRound {
  /** Bytes by which the process grew: resident memory after garbage collection. */
  readonly grown: number;
  /** Keys that were there afterwards, with their values. */
  readonly found: number;
  /** Of keys and values. */
  readonly payload: number;
  /** Of hotshard only. */
  readonly cache?: {
    /** Bytes of all its buffers. */
    readonly allocated: number;
    readonly bytesUsed: number;
    readonly evictions: number;
  };
}

/** Of hotshard, for a million entries. */
const BYTES_PER_ENTRY = 90;
const SEED = 13;
const SHORTEST_VALUE = 10;
const LONGEST_VALUE = 50;

/** Keys and values, one after another in one buffer, so that they are in memory before anything is measured. */
class Entries {
  readonly payload: number;
  readonly #bytes: Buffer;
  readonly #ends: Uint32Array;

  constructor(readonly count: number) {
    const keys = uuids(count, SEED).bytes;
    const random = randomNumbers(SEED);
    this.#bytes = Buffer.alloc(count * (KEY_SIZE + LONGEST_VALUE));
    this.#ends = new Uint32Array(count + 1);
    let at = 0;
    for (let i = 0; i < count; i++) {
      this.#bytes.set(keys.subarray(i * KEY_SIZE, (i + 1) * KEY_SIZE), at);
      const size = SHORTEST_VALUE + Math.floor(random() * (LONGEST_VALUE - SHORTEST_VALUE + 1));
      // Printable characters that differ from entry to entry.
      for (let j = 0; j < size; j++) this.#bytes[at + KEY_SIZE + j] = 0x21 + ((i * 7 + j * 13) % 90);
      at += KEY_SIZE + size;
      this.#ends[i + 1] = at;
    }
    this.payload = at;
  }

  key(i: number): string {
    const start = this.#ends[i];
    return this.#bytes.toString('latin1', start, start + KEY_SIZE);
  }

  value(i: number): string {
    return this.#bytes.toString('latin1', this.#ends[i] + KEY_SIZE, this.#ends[i + 1]);
  }
}

interface Filled {
  get(key: string): string | undefined;
  readonly cache?: () => NonNullable<MemoryRound['cache']>;
}

const FILL: Readonly<Record<MemoryName, (entries: Entries) => Filled>> = {
  Map(entries) {
    const map = new Map<string, string>();
    for (let i = 0; i < entries.count; i++) map.set(entries.key(i), entries.value(i));
    return map;
  },
  'lru-cache'(entries) {
    const cache = new LRUCache<string, string>({ max: entries.count });
    for (let i = 0; i < entries.count; i++) cache.set(entries.key(i), entries.value(i));
    return cache;
  },
  hotshard(entries) {
    const cache = SharedCache.create({ maxMemory: BYTES_PER_ENTRY * entries.count });
    for (let i = 0; i < entries.count; i++) cache.set(entries.key(i), entries.value(i));
    return {
      get: (key) => cache.getString(key),
      cache() {
        const { bytesUsed, evictions } = cache.stats();
        const { control, shards } = cache.handle;
        const allocated = shards.reduce((sum, shard) => sum + shard.byteLength, control.byteLength);
        return { allocated, bytesUsed, evictions };
      },
    };
  },
};

async function run(name: MemoryName, count: number): Promise<void> {
  const entries = new Entries(count);
  warmUp(name, entries);
  const before = await residentBytes();
  const filled = FILL[name](entries);
  const grown = (await residentBytes()) - before;
  let found = 0;
  for (let i = 0; i < count; i++) if (filled.get(entries.key(i)) === entries.value(i)) found++;
  const cache = filled.cache?.();
  const round: MemoryRound = { grown, found, payload: entries.payload, ...(cache && { cache }) };
  process.send?.(round);
}

/** So that neither the program nor the room that the engine keeps for garbage counts as the map's. */
function warmUp(name: MemoryName, entries: Entries): void {
  FILL[name](new Entries(1_000));
  let length = 0;
  for (let i = 0; i < entries.count; i++) length += entries.key(i).length + entries.value(i).length;
  assert.equal(length, entries.payload);
}

/** Pages that are free again are given back by threads of the engine's, a moment later. */
async function residentBytes(): Promise<number> {
  assert.ok(gc, 'started with --expose-gc');
  for (let i = 0; i < 3; i++) {
    gc();
    await setTimeout(50);
  }
  return process.memoryUsage.rss();
}

// Does nothing when imported for its types in the main process.
if (process.send !== undefined && import.meta.filename === process.argv[1]) {
  const [, , name, count] = process.argv;
  await run(name as MemoryName, Number(count));
}
