/** What the load asks for. */
import { test } from 'tap';
import { eachKey, type Mix, mixed, VALUE_LENGTH } from '../../../src/bench/load/requests.js';

const MIX: Mix = { dialect: 'hotshard', keys: 10, seed: 1, reads: 0.8, exponent: 0 };
const COUNT = 10_000;

function drawn(mix: Mix) {
  const next = mixed(mix);
  return Array.from({ length: COUNT }, next);
}

test('reads and writes in the shares that were asked for, the same for the same seed', (t) => {
  const requests = drawn(MIX);
  const reads = requests.filter(({ isWrite }) => !isWrite).length;
  t.ok(Math.abs(reads / COUNT - 0.8) < 0.02, `${reads} of ${COUNT} read`);
  const texts = (seed: number) =>
    drawn({ ...MIX, seed })
      .map(({ text }) => text)
      .join('');
  const first = texts(1);
  t.ok(first === texts(1), 'the same');
  t.notOk(first === texts(2), 'another');
  t.ok(drawn({ ...MIX, reads: 1 }).every(({ isWrite }) => !isWrite));
  t.ok(drawn({ ...MIX, reads: 0 }).every(({ isWrite }) => isWrite));
  t.end();
});

test('popular keys are the same for every seed', (t) => {
  const popular = (seed: number) => {
    const counts = new Map<string, number>();
    for (const { text } of drawn({ ...MIX, seed, reads: 1, exponent: 2 })) {
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
  };
  t.equal(popular(1), popular(2));
  t.end();
});

test('every key once', (t) => {
  const next = eachKey({ dialect: 'webdis', keys: 3, seed: 1 }, 'read');
  const lines = [next(), next(), next()].map((request) => request?.text.split('\r\n')[0]).sort();
  t.strictSame(lines, ['GET /GET/key:0 HTTP/1.1', 'GET /GET/key:1 HTTP/1.1', 'GET /GET/key:2 HTTP/1.1']);
  t.equal(next(), undefined);
  t.end();
});

test('writes have a value of their length', (t) => {
  const store = eachKey({ dialect: 'hotshard', keys: 1, seed: 1 }, 'write')();
  t.match(
    store?.text,
    /^POST \/store\/key:0 HTTP\/1\.1\r\nHost: [^\r]+\r\nContent-Length: 32\r\n\r\n[0-9a-f]{32}$/,
  );
  const set = eachKey({ dialect: 'webdis', keys: 1, seed: 1 }, 'write')();
  t.match(set?.text, /^GET \/SET\/key:0\/[0-9a-f]{32} HTTP\/1\.1\r\nHost: [^\r]+\r\n\r\n$/);
  t.equal(VALUE_LENGTH, 32);
  t.end();
});
