/** What is made of the figures of `bench:map`: tables, files, the README's table. */
import { test } from 'tap';
import { csvOf } from '../../../src/bench/files.js';
import { contendersText } from '../../../src/bench/map/contenders.js';
import { jsonOf } from '../../../src/bench/map/files.js';
import { hashText } from '../../../src/bench/map/hash.js';
import { keysText } from '../../../src/bench/map/keys.js';
import { memoryText } from '../../../src/bench/map/memory.js';
import type { Results } from '../../../src/bench/map/results.js';
import { roundRows } from '../../../src/bench/map/section.js';
import { sizesText } from '../../../src/bench/map/sizes.js';
import { goalsOf } from '../../../src/bench/map/summary.js';
import { threadsText } from '../../../src/bench/map/threads.js';
import { contendersOf, curvesOf, MACHINE, memoryOf, threadsOf, timedAt } from './results-of.js';

const RESULTS: Results = {
  ...contendersOf({ Map: 40, 'lru-cache, ttl': 200 }),
  ...threadsOf({ hotshard: [5, 9.5] }),
  ...memoryOf(90e6, 0),
  ...curvesOf(),
};

/** The line of a table that begins so. */
function lineOf(text: string, start: string): string | undefined {
  return text
    .split('\n')
    .map((line) => line.replaceAll(/ {2,}/g, '  '))
    .find((line) => line.startsWith(start));
}

test('the tables for the terminal', (t) => {
  const { contenders, threads, memory, sizes, keys } = RESULTS;
  if (!contenders || !threads || !memory || !sizes || !keys) return t.end();
  t.equal(lineOf(contendersText(contenders), 'get  Map'), 'get  Map  25.0  20.0 to 31.3  40  36 to 44  5.00');
  t.equal(
    lineOf(threadsText(threads), '80/20  hotshard '),
    '80/20  hotshard  5.00 (5.00 to 5.00)  100  9.50 (9.50 to 9.50)  110  1.90  1.90 to 1.90',
  );
  t.equal(
    lineOf(sizesText(sizes), 'getInto  hotshard  1 KiB'),
    'getInto  hotshard  1 KiB  10.00  8.00 to 12.50  100  90 to 110  10.24',
  );
  t.equal(
    lineOf(keysText(keys), 'set  hotshard, bytes  10,000'),
    'set  hotshard, bytes  10,000  5.0  4.0 to 6.3  200  180 to 220',
  );
  t.equal(lineOf(memoryText(memory), 'hotshard'), 'hotshard  91.0  91.0 to 91.0  1,000,000  90.0  75.0  0');
  t.equal(lineOf(memoryText(memory), 'Map'), 'Map  180.0  180.0 to 180.0  1,000,000  -  -  -');
  t.end();
});

test('the tables of hash functions', (t) => {
  const spread = { median: 1, min: 0, max: 2 };
  const text = hashText({
    ...{ keys: 1_000, expectedCollisions: 0.1 },
    speed: [{ hash: 'hotshard', form: 'words', length: 36, ...timedAt(10) }],
    quality: [
      { hash: 'hotshard', pattern: 'UUIDs', collisions: spread, high: spread, low: { ...spread, max: 1 } },
    ],
  });
  t.equal(lineOf(text, 'hotshard  from words'), 'hotshard  from words  -  -  10.0 (8.0)  -');
  t.equal(lineOf(text, 'hotshard  UUIDs'), 'hotshard  UUIDs  1 (at most 2)  1.00 (at most 2.00)  1.00');
  t.end();
});

test('map.json has everything, every round too', (t) => {
  const goals = goalsOf(RESULTS);
  const text = jsonOf(RESULTS, goals, MACHINE, { rounds: 3, quick: false });
  const json = JSON.parse(text);
  t.strictSame(json.machine, MACHINE);
  t.strictSame(json.goals, goals);
  t.strictSame(Object.keys(json.sections), ['contenders', 'threads', 'memory', 'sizes', 'keys']);
  t.strictSame(json.sections.contenders.results[0], {
    ...{ operation: 'get', contender: 'Map' },
    ...timedAt(40),
  });
  t.equal(text.split('\n').filter((line) => line.includes('"operation":"get"')).length, 13, 'a line each');
  t.match(jsonOf({}, [], { ...MACHINE, load: 1 / 3 }, { rounds: 3, quick: true }), /"load": 0.333333\n/);
  t.end();
});

test('CSV: a line per round', (t) => {
  const csv = csvOf(roundRows({ contender: 'a "b"' }, timedAt(100).rounds), MACHINE);
  t.strictSame(csv.split('\n'), [
    'contender,round,wall_ns,cpu_ns,node,cpu,date,commit',
    '"a ""b""",1,80.00,90.00,v0,"c, d",2026-01-01T00:00:00.000Z,abc',
    '"a ""b""",2,100.00,100.00,v0,"c, d",2026-01-01T00:00:00.000Z,abc',
    '"a ""b""",3,125.00,110.00,v0,"c, d",2026-01-01T00:00:00.000Z,abc',
    '',
  ]);
  t.end();
});
