/** The key of an operation: the same words and hash for the same key, whatever it came as and came before. */
import t from 'tap';
import { hashSecrets } from '../../shards/hash.js';
import { bytesOfWords, describe, KeyBuffer } from '../../shards/key-buffer.js';
import { Random, SEED, seeded, thrownBy } from './support.js';

const secrets = hashSecrets(SEED);

/** The key's bytes and hash, loaded after a long key whose words must not shine through. */
function loaded(key: string | Uint8Array): { bytes: Buffer; hash: number; padding: number } {
  const buffer = new KeyBuffer(secrets);
  buffer.load(Buffer.alloc(512, 0xff));
  buffer.load(key);
  const last = buffer.words[(buffer.length - 1) >>> 2] ?? 0;
  const used = ((buffer.length - 1) & 3) + 1;
  return {
    bytes: Buffer.from(bytesOfWords(buffer.words, 0, buffer.length)),
    hash: buffer.hash,
    padding: used === 4 ? 0 : last >>> (8 * used),
  };
}

t.test('a text and its UTF-8 are one key', async (t) => {
  const texts = [
    'a',
    'ab',
    'abc',
    'abcd',
    'abcde',
    'x'.repeat(511),
    'x'.repeat(512),
    '\0',
    'a\0',
    '\x7f',
    'é',
    'aé',
    'abcé',
    '日本',
    '😀',
    'abc😀',
    '😀'.repeat(128),
    'ÿ',
    '\u07ff',
    '\u0800',
    '\uffff',
  ];
  for (const text of texts) {
    const bytes = Buffer.from(text);
    const [fromText, fromBytes] = [loaded(text), loaded(bytes)];
    t.strictSame(fromText.bytes, bytes, JSON.stringify(text.slice(0, 20)));
    t.strictSame(fromText, fromBytes);
    t.equal(fromText.padding, 0, 'the last word is filled up with zeros');
  }
});

t.test('random texts and bytes', async (t) => {
  const random = new Random(SEED);
  const wrong: string[] = [];
  for (let i = 0; i < 3_000; i++) {
    const length = 1 + random.below(60);
    const text = Array.from({ length }, () =>
      String.fromCodePoint(random.chance(4) ? random.below(0xd800) : 32 + random.below(90)),
    ).join('');
    const bytes = Buffer.from(text);
    const [a, b] = [loaded(text), loaded(new Uint8Array(bytes))];
    if (!a.bytes.equals(bytes) || a.hash !== b.hash || !b.bytes.equals(bytes))
      wrong.push(JSON.stringify(text));
  }
  t.strictSame(wrong, [], seeded('texts'));
});

t.test('lone surrogates are loaded as U+FFFD', async (t) => {
  for (const text of ['\ud800', 'a\udfff', '\udc00\ud800'])
    t.strictSame(loaded(text), loaded(Buffer.from(text)));
});

t.test('keys that differ by zeros at the end are different keys', async (t) => {
  const hashes = new Set(
    Array.from({ length: 8 }, (_, i) => loaded(Buffer.from([1, ...new Array(i).fill(0)])).hash),
  );
  t.equal(hashes.size, 8);
});

t.test('bytes at any offset of their buffer', async (t) => {
  const large = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz');
  for (let from = 0; from < 9; from++) {
    t.strictSame(loaded(large.subarray(from, from + 11)), loaded(large.toString().slice(from, from + 11)));
  }
});

t.test('a key that is refused is not loaded', async (t) => {
  const buffer = new KeyBuffer(secrets);
  buffer.load('before');
  const before = { length: buffer.length, hash: buffer.hash };
  const refused: unknown[] = [
    '',
    'x'.repeat(513),
    'é'.repeat(257),
    new Uint8Array(0),
    new Uint8Array(513),
    5,
    null,
  ];
  for (const key of refused) {
    t.match(
      thrownBy(() => buffer.load(key as string)),
      /^(Type|Range)Error: key must be /,
    );
    t.strictSame({ length: buffer.length, hash: buffer.hash }, before);
  }
});

t.test('a wrong argument is described by what it is', async (t) => {
  t.strictSame(
    [
      undefined,
      null,
      1.5,
      true,
      'text',
      5n,
      {},
      [],
      new Map(),
      () => 1,
      Symbol('s'),
      Object.create(null),
    ].map(describe),
    [
      'undefined',
      'null',
      'number 1.5',
      'boolean true',
      'a string',
      'a bigint',
      'an object of class Object',
      'an object of class Array',
      'an object of class Map',
      'a function',
      'a symbol',
      'an object of class Object',
    ],
  );
});
