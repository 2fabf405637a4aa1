/** How long old values were served, from what was written and what was read. */
import { test } from 'tap';
import { Versions } from '../../../src/bench/redis/versions.js';

test('from the reply to the write to the last old value', (t) => {
  const versions = new Versions(1);
  versions.read(0, 0, 1, 2);
  versions.written(0, 1, 10);
  versions.read(0, 0, 9, 12);
  versions.read(0, 0, 11, 15);
  versions.read(0, 1, 13, 16);
  t.strictSame(versions.staleness, [{ received: 5, asked: 1 }]);
  t.end();
});

test('no old value after the reply: none', (t) => {
  const versions = new Versions(1);
  versions.written(0, 1, 10);
  versions.read(0, 1, 11, 12);
  versions.read(0, 2, 12, 13);
  t.strictSame(versions.staleness, [{ received: 0, asked: 0 }]);
  t.end();
});

test('a value older than the last but one counts for all writes since', (t) => {
  const versions = new Versions(2);
  versions.written(0, 1, 10);
  versions.written(0, 2, 20);
  versions.written(1, 1, 20);
  versions.read(0, 0, 25, 30);
  versions.read(0, 1, 40, 50);
  t.strictSame(versions.staleness, [
    { received: 20, asked: 15 },
    { received: 30, asked: 20 },
    { received: 0, asked: 0 },
  ]);
  t.end();
});
