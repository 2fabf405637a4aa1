/** `bench:peers` and `bench:http` as commands: short runs with real servers, and the files they write. */
import { test } from 'tap';
import type { CsvRow } from '../../../src/bench/csv-table.js';
import { PLOTS as HTTP_PLOTS } from '../../../src/bench/http/plot.js';
import { missingProgram } from '../../../src/bench/installed.js';
import { CONTENDER_NAMES } from '../../../src/bench/peers/contenders.js';
import { PLOTS } from '../../../src/bench/peers/plot.js';
import { QuickRun, TIMEOUT } from '../quick-run.js';

test('hotshard and all its peers', { timeout: TIMEOUT }, async (t) => {
  const run = await QuickRun.of(t, 'peers');
  t.strictSame(run.files, ['peers.csv', 'peers.json', 'peers.svg']);
  await run.checkPlots(t, PLOTS);
  t.notMatch(run.stdout, /NaN|undefined|Infinity/);
  const { skipped, results } = run.json('peers.json').sections.peers;
  const all = [...results, ...skipped].map(({ contender }: { contender: string }) => contender);
  t.strictSame(all.sort(), [...CONTENDER_NAMES].sort(), 'everybody is measured, or skipped');
  for (const { contender, reason } of skipped) t.match(run.stdout, `skipped: ${contender}: ${reason}\n`);

  const rows = run.rows('peers.csv');
  t.strictSame(
    rows.map((row) => row.text('contender')),
    results.map(({ contender }: { contender: string }) => contender),
    'a line for each round, of which there is one',
  );
  for (const row of rows) {
    const contender = row.text('contender');
    t.equal(row.number('failures'), 0, `${contender}: every request is answered 200`);
    t.ok(row.number('requests_per_second') > 0 && row.number('resident_bytes') > 0, contender);
    const isBehind = contender === 'Webdis + Redis';
    t.equal(
      row.optionalNumber('redis_cpu_us_per_request') !== undefined,
      isBehind,
      `${contender}: CPU behind it`,
    );
  }
});

/** The other sections differ from these in numbers only. */
const SECTIONS = ['pipelined', 'values', 'http2'];

const BOTH = ['hotshard', 'node:http + lru-cache'];
const CONTENDERS: Readonly<Record<string, readonly string[]>> = {
  pipelined: BOTH,
  values: [...BOTH, ...BOTH],
  // The other speaks HTTP/1.1 alone.
  http2: ['hotshard', 'hotshard', 'hotshard'],
};

/** Nothing is read, so nothing can be found. */
function isWritten(row: CsvRow): boolean {
  return row.optionalNumber('hit_ratio') === undefined && row.text('kind') === 'writes';
}

const missing = missingProgram('wrk') ?? missingProgram('h2load') ?? false;

test('HTTP under wrk and h2load', { timeout: TIMEOUT, skip: missing }, async (t) => {
  const run = await QuickRun.of(
    t,
    'http',
    ...['--only', SECTIONS.join(), '--against', 'node:http + lru-cache'],
  );
  t.strictSame(
    run.files,
    ['http.json', ...SECTIONS.flatMap((name) => [`http-${name}.csv`, `http-${name}.svg`])].sort(),
  );
  await run.checkPlots(
    t,
    HTTP_PLOTS.filter(({ csvs }) => csvs.some((csv) => run.files.includes(csv))),
  );
  t.notMatch(run.stdout, /NaN|undefined|Infinity/);
  t.strictSame(Object.keys(run.json('http.json').sections), SECTIONS);
  for (const name of SECTIONS) {
    const rows = run.rows(`http-${name}.csv`);
    t.strictSame(
      rows.map((row) => row.text('contender')),
      CONTENDERS[name],
    );
    for (const row of rows) {
      const contender = row.text('contender');
      t.equal(row.number('failures'), 0, `${name}: ${contender} answers every request with 200`);
      t.ok(row.number('requests_per_second') > 0);
      if (contender === 'hotshard' && !isWritten(row))
        t.equal(row.number('hit_ratio'), 1, 'all keys that are asked for are there');
    }
  }
});
