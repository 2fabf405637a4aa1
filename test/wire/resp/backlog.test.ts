/** Replies that wait take little more than their bytes, however small they are, and come out as they went in. */
import { test } from 'tap';
import { Backlog } from '../../../src/wire/resp/backlog.js';

const CHUNK = 64 * 1024;

function drain(backlog: Backlog): Buffer[] {
  const pieces: Buffer[] = [];
  for (let next = backlog.next(); next !== undefined; next = backlog.next()) pieces.push(next);
  return pieces;
}

test('tiny replies share buffers', (t) => {
  const backlog = new Backlog();
  for (let i = 0; i < 100_000; i++) backlog.add(Buffer.from(`:${10_000 + (i % 10_000)}\r\n`));
  t.equal(backlog.length, 800_000);
  const pieces = drain(backlog);
  t.equal(pieces.length, Math.ceil(800_000 / CHUNK));
  t.equal(backlog.length, 0);
  t.ok(Buffer.concat(pieces).subarray(0, 16).equals(Buffer.from(':10000\r\n:10001\r\n')));
  t.end();
});

test('in order, also when more comes while some goes', (t) => {
  const backlog = new Backlog();
  const expected: Buffer[] = [];
  const found: Buffer[] = [];
  const lengths = [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 0, 7];
  for (let i = 0; i < 200; i++) {
    const bytes = Buffer.alloc(lengths[i % lengths.length], i);
    expected.push(bytes);
    backlog.add(bytes);
    if (i % 3 === 0) found.push(backlog.next() ?? Buffer.alloc(0));
  }
  found.push(...drain(backlog));
  t.ok(Buffer.concat(found).equals(Buffer.concat(expected)));
  t.end();
});

test('what goes is not written to by what comes', (t) => {
  const backlog = new Backlog();
  backlog.add(Buffer.from('first'));
  const first = backlog.next();
  backlog.add(Buffer.from('other'));
  t.equal(String(first), 'first');
  backlog.clear();
  t.equal(backlog.length, 0);
  t.equal(backlog.next(), undefined);
  t.end();
});
