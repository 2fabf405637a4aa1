/**
 * Histories of real threads, linearizable key by key: whatever a few of them do to a few hot keys at the same time,
 * every operation appears to happen at one instant between its call and its return.
 *
 * Some run freely on all processors. Others run by a schedule that stops them at any access to shared words (see
 * schedule.ts): a history of these says more, as nearly all of its operations overlap.
 *
 * HOTSHARD_SEED repeats a schedule, HOTSHARD_EFFORT multiplies the histories.
 */
import t from 'tap';
import { type CacheOptions, SharedCache } from '../../../shards/index.js';
import { GUARDS, guarded, times } from '../support.js';
import { checkHistory, type HistoryOptions, keyNames } from './history.js';

const KIB = 1024;
const MIB = 1024 * KIB;

interface Case {
  readonly name: string;
  readonly options: CacheOptions;
  readonly history: Pick<HistoryOptions, 'keys' | 'maxSize' | 'ballast' | 'ttl'>;
  /** Whether all must be there that was not deleted: memory is far from short. */
  readonly stays: boolean;
  /** Rounds, each the history of so many keys. */
  readonly rounds: number;
}

const CASES: readonly Case[] = [
  {
    name: 'small values',
    options: { maxMemory: MIB },
    history: { keys: keyNames(3), maxSize: 100 },
    stays: true,
    rounds: 2_000,
  },
  {
    name: 'three shards',
    options: { maxMemory: 3 * MIB, shards: 3 },
    history: { keys: keyNames(3), maxSize: 1_000 },
    stays: true,
    rounds: 1_000,
  },
  {
    // Segments are of 2 KiB, values of more than 256 bytes lie in fragments.
    name: 'values in fragments',
    options: { maxMemory: 64 * KIB },
    history: { keys: keyNames(2), maxSize: 4_000 },
    stays: false,
    rounds: 1_000,
  },
  {
    name: 'entries that are moved, as memory is half full of others',
    options: { maxMemory: 64 * KIB },
    history: { keys: keyNames(3), maxSize: 600, ballast: { keys: 100, maxSize: 500 } },
    stays: false,
    rounds: 1_500,
  },
  {
    name: 'large values that are moved',
    options: { maxMemory: 256 * KIB },
    history: { keys: keyNames(2), maxSize: 12_000, ballast: { keys: 30, maxSize: 7_000 } },
    stays: false,
    rounds: 600,
  },
  {
    name: 'evicted for memory',
    options: { maxMemory: 64 * KIB },
    history: { keys: keyNames(2), maxSize: 2_000, ballast: { keys: 1_000, maxSize: 1_000 } },
    stays: false,
    rounds: 1_000,
  },
  {
    name: 'evicted for maxKeys',
    options: { maxMemory: 64 * KIB, maxKeys: 4 },
    history: { keys: keyNames(3), maxSize: 300, ballast: { keys: 3, maxSize: 10 } },
    stays: false,
    rounds: 1_000,
  },
  {
    name: 'expired',
    options: { maxMemory: 128 * KIB },
    history: { keys: keyNames(2), maxSize: 1_000, ttl: 2 },
    stays: false,
    rounds: 1_000,
  },
];

for (const guard of GUARDS) {
  for (const { name, options, history, stays, rounds } of CASES) {
    t.test(`${guard}, threads that run freely: ${name}`, async (t) => {
      // The counter makes threads meet, the other clock does not: where reads take a lock, they meet anyway.
      const clocks = guard === 'lock' ? (['monotonic'] as const) : (['counter', 'monotonic'] as const);
      for (const clock of clocks) {
        const cache = SharedCache.create(guarded(options, guard));
        const size = { threads: 3, rounds: times(rounds / 12), steps: 50 };
        const { mayVanish } = await checkHistory(t, cache, { ...history, ...size, clock });
        if (stays) t.equal(mayVanish, false, 'nothing was evicted');
      }
    });

    t.test(`${guard}, stopped at any access: ${name}`, async (t) => {
      const cache = SharedCache.create(guarded(options, guard));
      const size = { threads: 3, rounds: times(rounds / 12), steps: 6, scheduled: true };
      const { mayVanish } = await checkHistory(t, cache, { ...history, ...size });
      if (stays) t.equal(mayVanish, false, 'nothing was evicted');
    });
  }

  t.test(`${guard}: one long history of four threads`, async (t) => {
    const cache = SharedCache.create(guarded({ maxMemory: MIB }, guard));
    const size = { threads: 4, rounds: 1, steps: times(10_000) };
    const { mayVanish } = await checkHistory(t, cache, { ...size, keys: keyNames(4), maxSize: 600 });
    t.equal(mayVanish, false, 'nothing was evicted');
  });
}
