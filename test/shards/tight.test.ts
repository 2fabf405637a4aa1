/**
 * Every operation ends, however tight memory is: making room for a conditional write moves entries, the very one that
 * is to be replaced too, and a move by oneself must not count as another thread's write for ever.
 */
import t from 'tap';
import { SharedCache } from '../../shards/index.js';
import { GUARDS, guarded, Random, SEED, seeded, times } from './support.js';

const KIB = 1024;
/** Rounds of one operation, while no other thread is there, after which it is taken to go on for ever. */
const ROUNDS = 2_000;

/** Runs `act` with Date.now, asked about every entry that expires, throwing after so many calls. */
function endsSoon(act: () => unknown): void {
  const { now } = Date;
  let calls = 0;
  Date.now = () => {
    if (++calls > 100 * ROUNDS) throw new Error('goes on for ever');
    return now();
  };
  try {
    act();
  } finally {
    Date.now = now;
  }
}

for (const guard of GUARDS) {
  t.test(`${guard}: update and expire end in a cache that is full of large values`, async (t) => {
    const random = new Random(SEED);
    const flaws: string[] = [];
    for (let i = 0; i < times(100) && flaws.length === 0; i++) {
      const cache = SharedCache.create(guarded({ maxMemory: 64 * KIB, ttl: 1_000_000 }, guard));
      const keys = 5 + random.below(40);
      const maxSize = 500 + random.below(8_000);
      for (let step = 0; step < 300 && flaws.length === 0; step++) {
        const key = `k${random.below(keys)}`;
        const value = new Uint8Array(random.below(maxSize));
        let rounds = 0;
        const change = () => {
          if (++rounds > ROUNDS) throw new Error('goes on for ever');
          return value;
        };
        const choice = random.below(4);
        try {
          if (choice < 2) cache.set(key, value);
          else if (choice === 2) endsSoon(() => cache.expire(key, 1_000_000));
          else cache.update(key, change);
        } catch (error) {
          const what = choice === 2 ? 'expire' : 'update';
          flaws.push(`${what} ${String(error)}: ${keys} keys of up to ${maxSize} bytes, step ${step}`);
        }
      }
    }
    t.strictSame(flaws, [], seeded('operations that do not end'));
  });
}
