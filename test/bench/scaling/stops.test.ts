/** Which stops the sweeps of `bench:scaling` have, on machines that do not have room for all of them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { allowed } from '../../../src/bench/scaling/connections.js';
import { writeLines } from '../../../src/bench/scaling/data-files.js';
import { fitting } from '../../../src/bench/scaling/room.js';
import { workerCounts } from '../../../src/bench/scaling/workers.js';

test('workers: powers of two, and as many as there are cores', (t) => {
  t.strictSame([1, 2, 3, 8, 12].map(workerCounts), [[1], [1, 2], [1, 2, 3], [1, 2, 4, 8], [1, 2, 4, 8, 12]]);
  t.end();
});

test('what needs more memory than there is, is left out and named', (t) => {
  const needs = (keys: number) => ({ name: `${keys} keys`, bytes: keys * 1e6 });
  t.strictSame(fitting([1, 1_000, 3_000], needs, 2e9), {
    stops: [1, 1_000],
    skipped: ['3000 keys: needs 3.0 GB of memory, and 2.0 GB are available'],
  });
  t.end();
});

test('connections: as many as a process may have open, beside other files', (t) => {
  t.strictSame(allowed([100, 1_000, 10_000], 1_200), {
    stops: [100, 1_000],
    skipped: ['10,000 connections: a process may have 1,200 files open'],
  });
  t.strictSame(allowed([1_000], 1_199).stops, []);
  t.end();
});

test('a data file has all of its lines, in order', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hotshard-lines-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'data');
  const line = (index: number) => `key:${index} value\n`;
  await writeLines(path, 4_321, line);
  t.equal(readFileSync(path, 'utf8'), Array.from({ length: 4_321 }, (_, i) => line(i)).join(''));
});
