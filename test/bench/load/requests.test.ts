/** What the load asks for. */
import { test } from 'tap';
import type { Dialect, Headers } from '../../../src/bench/load/dialects.js';
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

test('every dialect asks in its own words', (t) => {
  const first = (dialect: Dialect, operation: 'read' | 'write', headers?: Headers) => {
    const next = eachKey({ dialect, keys: 1, seed: 1, valueSize: 3, headers }, operation);
    return next()?.text.replace(/[0-9a-f]{3}(?=\r\n$| HTTP|$)/, 'VAL');
  };
  const host = '\r\nHost: 127.0.0.1\r\n';
  t.equal(first('hotshard', 'read'), `GET /get/key:0 HTTP/1.1${host}\r\n`);
  t.equal(first('hotshard', 'write'), `POST /store/key:0 HTTP/1.1${host}Content-Length: 3\r\n\r\nVAL`);
  t.equal(first('lookup', 'read'), `GET /lookup?key=key:0 HTTP/1.1${host}\r\n`);
  t.equal(first('lookup without key', 'read'), `GET /lookup HTTP/1.1${host}\r\n`);
  t.equal(first('webdis', 'write'), `GET /SET/key:0/VAL HTTP/1.1${host}\r\n`);
  t.equal(first('redis', 'read'), '*2\r\n$3\r\nGET\r\n$5\r\nkey:0\r\n');
  t.equal(first('redis', 'write'), '*3\r\n$3\r\nSET\r\n$5\r\nkey:0\r\n$3\r\nVAL\r\n');
  t.equal(first('memcached', 'read'), 'get key:0\r\n');
  t.equal(first('memcached', 'write'), 'set key:0 0 0 3\r\nVAL\r\n');
  t.throws(() => first('lookup', 'write'), { message: '/lookup only reads' });
  for (const dialect of ['hotshard', 'lookup', 'webdis'] as const) {
    const given = first(dialect, 'read', { Host: 'there:81', Authorization: 'Bearer t' });
    t.match(given, /\r\nHost: there:81\r\nAuthorization: Bearer t\r\n\r\n$/, 'with the headers it is given');
  }
  t.end();
});

test('a long value is of its length, and not always the same', (t) => {
  const next = eachKey({ dialect: 'redis', keys: 20, seed: 1, valueSize: 5_000 }, 'write');
  const requests = Array.from({ length: 20 }, next);
  for (const request of requests) {
    t.match(request?.text, /\$5000\r\n$/);
    t.equal(request?.body?.[0].length, 5_000);
    t.equal(request?.body?.[1], '\r\n');
  }
  t.ok(new Set(requests.map((request) => request?.body?.[0].toString())).size > 1);
  t.end();
});
