/** The pool of entries to evict, against the plainest model of one: an array that is sorted. */
import fc from 'fast-check';
import t from 'tap';
import { CandidatePool } from '../../shards/candidate-pool.js';
import { ClassWeights } from '../../shards/class-weights.js';
import { Clock } from '../../shards/clock.js';
import { CONTROL_HEADER_WORDS } from '../../shards/layout.js';
import { firstStamp } from '../../shards/stamp.js';
import { SEED, times } from './support.js';

const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_HEADER_WORDS));
/** That never learn: the score is the age plus one. */
const weights = new ClassWeights(control, new Clock(control, () => 1), false);

interface Candidate {
  readonly shard: number;
  readonly slot: number;
  readonly location: number;
  readonly stamp: number;
  readonly score: number;
}

/** Takes all candidates out, the best first. */
function drain(pool: CandidatePool): Omit<Candidate, 'score'>[] {
  const taken: Omit<Candidate, 'score'>[] = [];
  while (pool.take()) {
    const { shard, slot, location, stamp } = pool;
    taken.push({ shard, slot, location, stamp });
  }
  return taken;
}

function offerTo(pool: CandidatePool, { shard, slot, location, stamp, score }: Candidate): void {
  pool.offer(shard, slot, location, stamp, score);
}

const aged = (slot: number, age: number, tick: number, shard = 0): Candidate => {
  const stamp = firstStamp(tick - age);
  return { shard, slot, location: 1000 + slot, stamp, score: weights.scoreOf(stamp, tick) };
};

t.test('an empty pool has none', async (t) => {
  const pool = new CandidatePool(3);
  t.equal(pool.take(), false);
  pool.rescore(weights, 5);
  t.equal(pool.take(), false);
});

t.test('the best come first, and a full pool keeps the best', async (t) => {
  const pool = new CandidatePool(3);
  for (const age of [5, 1, 9, 7, 3, 8]) offerTo(pool, aged(age, age, 100));
  t.strictSame(
    drain(pool).map(({ slot }) => slot),
    [9, 8, 7],
  );
});

t.test('what is taken is given in full', async (t) => {
  const pool = new CandidatePool(2);
  offerTo(pool, aged(7, 4, 100, 3));
  offerTo(pool, aged(8, 2, 100, 1));
  t.strictSame(drain(pool), [
    { shard: 3, slot: 7, location: 1007, stamp: 96 },
    { shard: 1, slot: 8, location: 1008, stamp: 98 },
  ]);
});

t.test(
  'a slot is in the pool once, as it was seen last; the same slot of another shard is another',
  async (t) => {
    const pool = new CandidatePool(3);
    offerTo(pool, aged(5, 50, 100));
    offerTo(pool, aged(6, 20, 100));
    offerTo(pool, { ...aged(5, 10, 100), location: 77 });
    offerTo(pool, aged(5, 30, 100, 1));
    t.strictSame(
      drain(pool).map(({ shard, slot, location }) => [shard, slot, location]),
      [
        [1, 5, 1005],
        [0, 6, 1006],
        [0, 5, 77],
      ],
    );
  },
);

t.test('scores are brought up to date, except that expired stays expired', async (t) => {
  const pool = new CandidatePool(3);
  const tick = 16_000;
  offerTo(pool, aged(1, 10, tick));
  offerTo(pool, { ...aged(2, 0, tick), score: Infinity });
  offerTo(pool, aged(3, 600, tick - 1_000));
  const later = tick + 15_000;
  // By now the third one's stamp has come round, and looks younger than the first one's.
  pool.rescore(weights, later);
  t.strictSame(
    drain(pool).map(({ slot }) => slot),
    [2, 1, 3],
  );
});

t.test('a full pool that was rescored still takes in what is better than its worst', async (t) => {
  const pool = new CandidatePool(2);
  for (const [slot, age] of [
    [1, 16_380],
    [2, 16_379],
    [3, 16_381],
  ] as const)
    offerTo(pool, aged(slot, age, 0));
  pool.rescore(weights, 10);
  offerTo(pool, aged(4, 100, 10));
  t.strictSame(
    drain(pool).map(({ slot }) => slot),
    [4, 3],
  );
});

interface Offer {
  readonly shard: number;
  readonly slot: number;
  readonly age: number;
  readonly isExpired: boolean;
}

/** A pool beside an array of what it must hold. */
class Compared {
  readonly #capacity: number;
  readonly #pool: CandidatePool;
  readonly #stamped = new Set<number>();
  #model: Candidate[] = [];
  #tick = 1_000;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#pool = new CandidatePool(capacity);
  }

  pass(ticks: number): void {
    this.#tick += ticks;
    this.#pool.rescore(weights, this.#tick);
    this.#model = this.#model.map((one) => ({
      ...one,
      score: this.#score(one.stamp, one.score === Infinity),
    }));
  }

  offer({ shard, slot, age, isExpired }: Offer): void {
    let stamp = firstStamp(this.#tick - age);
    // No two are equally old: there is one order.
    while (this.#stamped.has(stamp)) stamp--;
    const score = this.#score(stamp, isExpired);
    const candidate = { shard, slot, location: this.#stamped.size, stamp, score };
    const others = this.#model.filter((one) => one.shard !== shard || one.slot !== slot);
    const lowest = Math.min(...this.#model.map((one) => one.score));
    const isFull = this.#model.length === this.#capacity;
    // One that was used since it got in may stay as it was: it is looked at again before it is evicted.
    if (isFull && others.length < this.#model.length && score <= lowest) return;
    this.#stamped.add(stamp);
    offerTo(this.#pool, candidate);
    if (isFull && score <= lowest) return;
    this.#model = [...others, candidate].toSorted((a, b) => b.score - a.score).slice(0, this.#capacity);
  }

  /** Takes one out. False when it is not the best one. */
  take(): boolean {
    const took = this.#pool.take();
    const { shard, slot, location, stamp } = this.#pool;
    const best = Math.max(...this.#model.map((one) => one.score));
    // Of several that have expired, any.
    const taken = this.#model.find((one) => one.location === location && one.score === best);
    if (!took) return this.#model.length === 0;
    this.#model = this.#model.filter((one) => one !== taken);
    return taken?.shard === shard && taken.slot === slot && taken.stamp === stamp;
  }

  #score(stamp: number, isExpired: boolean): number {
    return isExpired ? Infinity : weights.scoreOf(stamp, this.#tick);
  }
}

t.test('against a sorted array, in rounds of rescoring, offering and taking', async (t) => {
  const offer = fc.record({
    shard: fc.nat(1),
    slot: fc.nat(11),
    age: fc.nat(800),
    isExpired: fc.nat(9).map((n) => n === 0),
  });
  const round = fc.record({
    pass: fc.nat(10),
    // As the hand goes: each slot once in a round.
    offers: fc.uniqueArray(offer, { maxLength: 20, selector: ({ shard, slot }) => 100 * shard + slot }),
    takes: fc.nat(4),
  });
  const history = fc.property(fc.integer({ min: 1, max: 8 }), fc.array(round), (capacity, rounds) => {
    const compared = new Compared(capacity);
    return rounds.every(({ pass, offers, takes }) => {
      compared.pass(pass);
      for (const one of offers) compared.offer(one);
      return Array.from({ length: takes }, () => compared.take()).every(Boolean);
    });
  });
  const result = fc.check(history, { seed: SEED, numRuns: times(1_000) });
  t.equal(result.failed ? fc.defaultReportMessage(result) : undefined, undefined);
});
