/** `bench:connections` as a command: a short run with a real server and Redis, and the files it writes. */
import { test } from 'tap';
import { parseOptions } from '../../../src/bench/connections/options.js';
import { PLOTS } from '../../../src/bench/connections/plot.js';
import { QuickRun, TIMEOUT } from '../quick-run.js';

test('/lookup by the number of connections', { timeout: TIMEOUT }, async (t) => {
  const run = await QuickRun.of(t, 'connections');
  t.strictSame(run.files, ['connections-lookup.csv', 'connections-lookup.svg', 'connections.json']);
  t.notMatch(run.stdout, /NaN|undefined|Infinity/);
  await run.checkPlots(t, PLOTS);

  const rows = run.rows('connections-lookup.csv');
  t.strictSame(
    rows.map((row) => [row.text('kind'), row.number('connections')]),
    ['cached hit', 'miss, read from Redis', 'bad query'].flatMap((kind) => [
      [kind, 1],
      [kind, 4],
    ]),
  );
  const hits = { 'cached hit': 1, 'miss, read from Redis': 0, 'bad query': undefined };
  for (const row of rows) {
    const kind = row.text('kind') as keyof typeof hits;
    t.equal(row.number('failures'), 0, `${kind}: every request gets the status that it is to get`);
    t.equal(row.optionalNumber('hit_ratio'), hits[kind], `${kind}: hits`);
    t.ok(row.number('requests_per_second') > 0);
    const percentiles = ['p50_us', 'p75_us', 'p90_us', 'p99_us', 'max_us'].map((name) => row.number(name));
    t.strictSame(
      percentiles,
      [...percentiles].sort((a, b) => a - b),
    );
  }
  t.match(run.json('connections.json'), {
    machine: { node: process.version },
    parameters: { quick: true, rounds: 1 },
    sections: { lookup: { results: { length: rows.length } } },
  });
});

test('five rounds, unless told otherwise', (t) => {
  t.match(parseOptions([]), { sections: ['lookup'], rounds: 5, seconds: 1, quick: false, isComplete: true });
  t.match(parseOptions(['--quick']), { rounds: 1, isComplete: false });
  t.match(parseOptions(['--rounds', '2', '--out', 'x']), { rounds: 2, out: 'x', isComplete: false });
  t.throws(() => parseOptions(['--rounds', '0']), {
    message: '--rounds: must be a whole number from 1 to 99',
  });
  t.end();
});
