/** The hash of a key: even over buckets and tags for keys as people make them, and another one for each seed. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { bucketOf } from '../../shards/bucket.js';
import { hashSecrets, hashWords } from '../../shards/hash.js';
import { KeyBuffer } from '../../shards/key-buffer.js';
import { BUCKET_WORDS } from '../../shards/layout.js';
import { Rig, Side } from './rig.js';
import { Random, SEED, seeded } from './support.js';

const COUNT = 20_000;

function uuids(): string[] {
  return Array.from({ length: COUNT }, (_, i) => {
    const hex = createHash('md5').update(`${i}`).digest('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  });
}

const number = (_: unknown, i: number): string => String(i);
const KINDS: readonly [name: string, keys: readonly string[]][] = [
  ['UUIDs', uuids()],
  ['sequential numbers', Array.from({ length: COUNT }, number)],
  ['numbers filled up with zeros', Array.from({ length: COUNT }, (_, i) => String(i).padStart(12, '0'))],
  ['a common prefix', Array.from({ length: COUNT }, (_, i) => `tenant:eu-west-1:user:session:${i}`)],
  ['a common suffix', Array.from({ length: COUNT }, (_, i) => `${i}:session:user:eu-west-1:tenant`)],
  ['paths', Array.from({ length: COUNT }, (_, i) => `/api/v1/items/${i % 200}/parts/${Math.floor(i / 200)}`)],
];

/** Chi square over so many cells, as standard deviations from its mean. */
function deviation(cells: Uint32Array, count: number): number {
  const expected = count / cells.length;
  let chiSquare = 0;
  for (const seen of cells) chiSquare += (seen - expected) ** 2 / expected;
  const freedom = cells.length - 1;
  return (chiSquare - freedom) / Math.sqrt(2 * freedom);
}

/** The middle one of an odd number of figures. */
function median(figures: number[]): number {
  return figures.sort((a, b) => a - b)[figures.length >> 1] ?? 0;
}

t.test('keys of every kind spread evenly', async (t) => {
  const { view } = new Side(new Rig({ maxMemory: 4 * 1024 * 1024 }), 1);
  // The family's promise is one over all secrets: for a single seed, chosen at random, a figure may be off.
  const seeds = [1, 2, 3, 4, 5, 6, 7];
  for (const [name, keys] of KINDS) {
    const off = { buckets: [] as number[], tags: [] as number[], shards: [] as number[] };
    const collisions: number[] = [];
    for (const seed of seeds) {
      const key = new KeyBuffer(hashSecrets(seed));
      const buckets = new Uint32Array(view.buckets);
      const tags = new Uint32Array(4096);
      const shards = new Uint32Array(64);
      const hashes = new Set<number>();
      for (const one of keys) {
        key.load(one);
        hashes.add(key.hash);
        buckets[(bucketOf(view, key.hash) - view.indexStart) / BUCKET_WORDS]++;
        tags[key.hash & 0xfff]++;
        shards[(key.hash >>> 0) >>> 26]++;
      }
      off.buckets.push(deviation(buckets, keys.length));
      off.tags.push(deviation(tags, keys.length));
      off.shards.push(deviation(shards, keys.length));
      collisions.push(keys.length - hashes.size);
    }
    for (const [what, figures] of Object.entries(off)) {
      const middle = median(figures);
      t.ok(middle < 5, `${name}, ${what}: ${middle.toFixed(1)} standard deviations from even`);
    }
    t.ok(median(collisions) < COUNT / 400, `${name}: ${median(collisions)} keys have the hash of another`);
  }
});

t.test('another seed gives another hash', async (t) => {
  const [one, other] = [new KeyBuffer(hashSecrets(1)), new KeyBuffer(hashSecrets(2))];
  let same = 0;
  for (let i = 0; i < 1_000; i++) {
    one.load(`key${i}`);
    other.load(`key${i}`);
    if (one.hash === other.hash) same++;
  }
  t.equal(same, 0);
  t.strictSame(hashSecrets(7), hashSecrets(7), 'the same seed gives the same secrets');
});

t.test('the length counts, not only the words', async (t) => {
  const secrets = hashSecrets(SEED);
  const words = new Int32Array(128);
  const hashes = new Set<number>();
  for (let length = 1; length <= 512; length++) hashes.add(hashWords(secrets, words, 0, length));
  t.equal(hashes.size, 512, seeded('512 lengths of zeros'));
});

t.test('every byte counts', async (t) => {
  const random = new Random(SEED);
  const key = new KeyBuffer(hashSecrets(SEED));
  for (const length of [1, 2, 3, 4, 5, 7, 8, 31, 32, 33, 511, 512]) {
    const bytes = Uint8Array.from({ length }, () => random.below(256));
    key.load(bytes);
    const { hash } = key;
    let unchanged = 0;
    for (let i = 0; i < length; i++) {
      bytes[i] ^= 1 << random.below(8);
      key.load(bytes);
      if (key.hash === hash) unchanged++;
    }
    t.ok(unchanged <= 1, seeded(`${unchanged} of ${length} changes went unnoticed`));
  }
});

t.test('the hash does not depend on where the words lie', async (t) => {
  const secrets = hashSecrets(SEED);
  const words = Int32Array.from({ length: 64 }, (_, i) => i * 0x01234567);
  t.equal(hashWords(secrets, words, 13, 40), hashWords(secrets, words.slice(13), 0, 40));
});
