/** What is made of the hits: tables, verdicts, files, curves. */
import { test } from 'tap';
import { csvOf } from '../../../src/bench/files.js';
import { jsonOf, resultRows } from '../../../src/bench/hitratio/files.js';
import type { ContenderName, Mode, Result } from '../../../src/bench/hitratio/measure.js';
import { PLOTS } from '../../../src/bench/hitratio/plot.js';
import { losses, meansOf, rowsOf } from '../../../src/bench/hitratio/report.js';
import { table, verdict } from '../../../src/bench/hitratio/table.js';
import type { Measured } from '../../../src/bench/hitratio/thread.js';
import { drawPlots } from '../../../src/bench/plot.js';

const SHARES = [0.01, 0.1];
const MACHINE = {
  ...{ date: '2026-01-01T00:00:00.000Z', commit: 'abc', node: 'v0', platform: 'p', cpu: 'c' },
  ...{ cpus: 2, memoryGiB: 1, load: 0 },
};

function measured(
  trace: string,
  isReal: boolean,
  hits: Readonly<Partial<Record<ContenderName, number[]>>>,
): Measured {
  const results = Object.entries(hits).flatMap(([contender, counts]) =>
    counts.map((count, i): Result => {
      const name = contender as ContenderName;
      const mode: Mode = 'entries';
      return {
        trace,
        mode,
        share: SHARES[i],
        capacity: 10 * (i + 1),
        contender: name,
        requests: 1_000,
        hits: count,
      };
    }),
  );
  const source = isReal
    ? ({ kind: 'real', name: trace, path: trace } as const)
    : ({ kind: 'generated', name: 'loop' } as const);
  return { source, requests: 1_000, keys: 100, results };
}

const ALL = [
  measured('shop', true, { LRU: [500, 600], 'S3-FIFO': [520, 590], hotshard: [490, 602] }),
  measured('loop', false, { LRU: [0, 0], 'S3-FIFO': [10, 20], hotshard: [20, 40] }),
];
const ROWS = rowsOf(ALL, 'entries', SHARES);

test('a row is a trace at one size', (t) => {
  t.strictSame(
    ROWS.map(({ trace, isReal, share }) => [trace, isReal, share]),
    [
      ['shop', true, 0.01],
      ['shop', true, 0.1],
      ['loop', false, 0.01],
      ['loop', false, 0.1],
    ],
  );
  t.strictSame(Object.fromEntries(ROWS[0]?.ratios ?? []), { LRU: 50, 'S3-FIFO': 52, hotshard: 49 });
  t.strictSame(rowsOf(ALL, 'memory', SHARES), [], 'none of a mode that was not measured');
  t.end();
});

test('means are over all rows, and of those contenders only that are in each', (t) => {
  t.strictSame(Object.fromEntries(meansOf(ROWS)), { LRU: 27.5, 'S3-FIFO': 28.5, hotshard: 28.8 });
  const [first] = ROWS;
  const partial = { ...first, ratios: new Map([['LRU', 1]] as const) };
  t.strictSame([...meansOf([...ROWS, partial]).keys()], ['LRU']);
  t.end();
});

test('a loss is a row in which hotshard is below LRU', (t) => {
  t.strictSame(
    losses(ROWS, 0.5).map(({ trace, share }) => [trace, share]),
    [['shop', 0.01]],
  );
  t.strictSame(losses(ROWS, 1.5), []);
  t.end();
});

test('the table', (t) => {
  t.strictSame(table('entries', ROWS).split('\n').slice(2, -1), [
    'trace                size    LRU  S3-FIFO  hotshard  − LRU  − S3-FIFO',
    'shop                  1 %  50.00    52.00     49.00  −1.00      −3.00',
    'shop                 10 %  60.00    59.00     60.20  +0.20      +1.20',
    'loop                  1 %   0.00     1.00      2.00  +2.00      +1.00',
    'loop                 10 %   0.00     2.00      4.00  +4.00      +2.00',
    'mean of real traces        55.00    55.50     54.60  −0.40      −0.90',
    'mean                       27.50    28.50     28.80  +1.30      +0.30',
  ]);
  t.end();
});

test('the verdict', (t) => {
  t.equal(
    verdict('entries', ROWS),
    [
      "entries: hotshard's mean is at or above that of S3-FIFO: +0.30 points.",
      'entries: hotshard is more than 0.5 points below LRU in 1 of 4 lines.',
      '  −1.00  shop at 1 % (real)',
      '',
    ].join('\n'),
  );
  t.match(verdict('entries', ROWS.slice(0, 1)), /is BELOW that of S3-FIFO: −3\.00 points/);
  const alone = rowsOf([measured('shop', true, { hotshard: [1] })], 'entries', SHARES);
  t.equal(verdict('entries', alone), '', 'none without the others');
  t.end();
});

test('the files have every result', (t) => {
  const csv = csvOf(resultRows(ALL), MACHINE).trimEnd().split('\n');
  t.equal(csv.length, 1 + 12);
  t.equal(csv[0], 'trace,kind,mode,share,capacity,contender,requests,hits,hit_ratio,node,cpu,date,commit');
  t.equal(csv[1], 'shop,real,entries,0.01,10,LRU,1000,500,0.500000,v0,c,2026-01-01T00:00:00.000Z,abc');
  const json = JSON.parse(jsonOf(ALL, MACHINE, SHARES));
  t.strictSame(json.machine, MACHINE);
  t.strictSame(
    json.results,
    ALL.flatMap(({ results }) => results),
  );
  t.strictSame(json.summary.entries, {
    lines: 4,
    means: { LRU: 27.5, 'S3-FIFO': 28.5, hotshard: 28.8 },
    'belowLruByMoreThan0.5': [{ trace: 'shop', share: 0.01, points: -1 }],
  });
  t.end();
});

test('the curves name every trace and every contender', async (t) => {
  const csvs = new Map([['hitratio.csv', csvOf(resultRows(ALL), MACHINE)]]);
  const drawings = await drawPlots(
    PLOTS.filter(({ file }) => file === 'hitratio-entries.svg'),
    csvs,
  );
  const svg = drawings.get('hitratio-entries.svg') ?? '';
  for (const text of ['shop', 'loop', 'LRU', 'S3-FIFO', 'hotshard', 'Hit ratio by number of entries']) {
    t.ok(svg.includes(`>${text}</text>`), text);
  }
  t.notOk(svg.includes('>SIEVE</text>'), 'none that was not measured');
  t.notMatch(svg, /NaN|undefined/);
});
