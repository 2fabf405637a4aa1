/** How the benchmarks' CSV files are read: what is in them, and what is said when something is wrong with them. */
import { test } from 'tap';
import { grouped, measuresOf, readCsv } from '../../src/bench/csv-table.js';
import { csvOf } from '../../src/bench/files.js';
import { MACHINE } from './map/results-of.js';

test('what was written is read', (t) => {
  const written = [
    { contender: 'Map, one "shared"', wall_ns: '1.50', hits: '' },
    { contender: 'two\nlines', wall_ns: 2, hits: Number.NaN },
  ];
  const rows = readCsv('a.csv', csvOf(written, MACHINE));
  t.strictSame(
    rows.map((row) => [row.text('contender'), row.number('wall_ns'), row.optionalNumber('hits')]),
    [
      ['Map, one "shared"', 1.5, undefined],
      ['two\nlines', 2, undefined],
    ],
  );
  t.equal(rows[1].text('cpu'), MACHINE.cpu);
  t.end();
});

test('what is wrong is said with file, line and column', (t) => {
  const [first, second, third] = readCsv('a.csv', 'name,x\n"1\n2",3\nb,fast\nc,\n');
  t.throws(() => first.number('y'), { message: 'a.csv: there is no column "y", only name, x' });
  t.throws(() => first.text('y'), { message: /^a\.csv: there is no column "y"/ });
  t.throws(() => second.number('x'), { message: 'a.csv, line 4: "x" must be a number, not "fast"' });
  t.throws(() => second.optionalNumber('x'), { message: /^a\.csv, line 4: / });
  t.throws(() => third.number('x'), { message: 'a.csv, line 5: "x" must be a number, not ""' });
  for (const cell of ['Infinity', '1,5', '0x']) {
    const [row] = readCsv('a.csv', `x\n"${cell}"\n`);
    t.throws(() => row.number('x'), { message: `a.csv, line 2: "x" must be a number, not "${cell}"` });
  }
  t.throws(() => readCsv('a.csv', 'x,y\n1,2\n3\n'), {
    message: 'a.csv, line 3: there are 1 cells, and 2 columns',
  });
  for (const content of ['', 'x,y\n']) {
    t.throws(() => readCsv('a.csv', content), { message: 'a.csv: there are no lines below a header' });
  }
  t.end();
});

const ROUNDS = [
  'contender,keys,round,wall_ns,hits',
  ...['Map,10,1,5,', 'hotshard,10,1,40,0.5', 'Map,10,2,1,', 'Map,10,3,3,', 'Map,20,1,9,'],
].join('\n');

test('rows are grouped in the order in which they come', (t) => {
  const groups = grouped(readCsv('a.csv', ROUNDS), ['contender', 'keys']);
  t.strictSame(
    groups.map((group) => group.map((row) => row.number('wall_ns'))),
    [[5, 1, 3], [40], [9]],
  );
  t.end();
});

test('measures are medians with minimum and maximum over the rounds of a group', (t) => {
  const measures = [
    { title: 'time, ns', column: 'wall_ns' },
    { title: 'hits, %', column: 'hits', factor: 100 },
  ];
  const measured = measuresOf(readCsv('a.csv', ROUNDS), ['contender', 'keys'], measures);
  t.strictSame(
    measured.map(({ measure, row, spread }) => [measure, row.text('contender'), row.number('keys'), spread]),
    [
      ['time, ns', 'Map', 10, { median: 3, min: 1, max: 5 }],
      ['time, ns', 'hotshard', 10, { median: 40, min: 40, max: 40 }],
      ['time, ns', 'Map', 20, { median: 9, min: 9, max: 9 }],
      ['hits, %', 'hotshard', 10, { median: 50, min: 50, max: 50 }],
    ],
    'of a group in which nothing was measured there is nothing',
  );
  t.end();
});
