/** Space-Saving: what its counts promise, of one stream and of several as one. */
import t, { type Test } from 'tap';
import { randomNumbers, zipfRanks } from '../../src/bench/zipf.js';
import { FrequentKeys, type FrequentKeysRecord, merged } from '../../src/telemetry/frequent-keys.js';

const CAPACITY = 50;

interface Stream {
  readonly record: FrequentKeysRecord;
  readonly truth: ReadonlyMap<string, number>;
}

/** Ten times as many keys as are counted. @param shift the ranks are those of other keys */
function stream(seed: number, exponent: number, shift = 0): Stream {
  const nextRank = zipfRanks(10 * CAPACITY, exponent, randomNumbers(seed));
  const keys = new FrequentKeys(CAPACITY);
  const truth = new Map<string, number>();
  for (let i = 0; i < 20_000; i++) {
    const key = `key:${(nextRank() + shift) % (10 * CAPACITY)}`;
    keys.add(key);
    truth.set(key, (truth.get(key) ?? 0) + 1);
  }
  return { record: keys.record(), truth };
}

function checkBounds(
  t: Test,
  record: Pick<FrequentKeysRecord, 'keys' | 'least'>,
  truth: Stream['truth'],
): void {
  const wrong = record.keys.filter(({ key, count, error }) => {
    const true_ = truth.get(key) ?? 0;
    return true_ > count || true_ < count - error;
  });
  t.strictSame(wrong, [], 'no count is too small, none too large by more than its error');
  const named = new Set(record.keys.map(({ key }) => key));
  const missed = [...truth].filter(([key, count]) => !named.has(key) && count > record.least);
  t.strictSame(missed, [], 'what is not counted was not seen more often than the least count');
}

t.test('one stream', async (t) => {
  for (const exponent of [0, 0.8, 1.2]) {
    const { record, truth } = stream(1, exponent);
    t.equal(record.keys.length, CAPACITY);
    t.equal(record.total, 20_000);
    t.equal(Math.min(...record.keys.map(({ count }) => count)), record.least);
    checkBounds(t, record, truth);
  }
});

t.test('with room for all keys it counts exactly', async (t) => {
  const keys = new FrequentKeys(CAPACITY);
  for (const key of 'abracadabra') keys.add(key);
  const { total, least, keys: counted } = keys.record();
  t.match({ total, least }, { total: 11, least: 0 });
  t.strictSame(Object.fromEntries(counted.map(({ key, count }) => [key, count])), {
    a: 5,
    b: 2,
    r: 2,
    c: 1,
    d: 1,
  });
  t.ok(counted.every(({ error }) => error === 0));
});

t.test('several streams as one', async (t) => {
  const streams = [stream(1, 1), stream(2, 1, 3), stream(3, 0.5, 200)];
  const truth = new Map<string, number>();
  for (const one of streams)
    for (const [key, count] of one.truth) truth.set(key, (truth.get(key) ?? 0) + count);
  const keys = merged(streams.map(({ record }) => record));
  checkBounds(t, { keys, least: streams.reduce((sum, { record }) => sum + record.least, 0) }, truth);
  t.strictSame(
    keys.map(({ count }) => count),
    keys.map(({ count }) => count).sort((one, other) => other - one),
    'the most frequent first',
  );
  t.strictSame(merged([]), []);
});
