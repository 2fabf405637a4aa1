/** `bench:resp` as a command: a short run with real servers, the files it writes, and what redis-benchmark's output is read as. */
import { test } from 'tap';
import { missingProgram } from '../../../src/bench/installed.js';
import { parseOptions } from '../../../src/bench/resp/options.js';
import { PLOTS } from '../../../src/bench/resp/plot.js';
import { parseBenchmark } from '../../../src/bench/resp/redis-benchmark.js';
import { QuickRun, TIMEOUT } from '../quick-run.js';

const ON_ONE = ['hotshard', 'Redis'];
const ON_TWO = [...ON_ONE, 'Redis, io-threads 2'];

const missing = missingProgram('redis-server') ?? missingProgram('redis-benchmark');

test('hotshard and Redis in turn', { timeout: TIMEOUT, skip: missing ?? false }, async (t) => {
  const run = await QuickRun.of(t, 'resp', '--tests', 'get,mset', '--pipelines', '1,16');
  const names = ['resp-one-core', 'resp-two-cores'];
  t.strictSame(run.files, [...names.flatMap((name) => [`${name}.csv`, `${name}.svg`]), 'resp.json']);
  await run.checkPlots(t, PLOTS);
  t.notMatch(run.stdout, /NaN|undefined|Infinity|∞/);
  const { software, sections } = run.json('resp.json');
  t.match(software.redis, /^\d+\.\d+/);
  t.strictSame(Object.keys(sections), ['one-core', 'two-cores']);

  const casesOf = (name: string) =>
    run.rows(`${name}.csv`).map((row) => [row.text('operation'), row.number('depth'), row.text('contender')]);
  t.strictSame(
    casesOf('resp-one-core'),
    ['GET', 'MSET of 10 keys'].flatMap((operation) =>
      [1, 16].flatMap((depth) => ON_ONE.map((contender) => [operation, depth, contender])),
    ),
  );
  t.strictSame(
    casesOf('resp-two-cores'),
    ON_TWO.map((contender) => ['GET', 16, contender]),
    'pipelined, and single keys only',
  );
  for (const row of names.flatMap((name) => run.rows(`${name}.csv`))) {
    t.ok(row.number('operations_per_second') > 0 && row.number('operations') > 0);
    t.ok(row.number('p50_us') <= row.number('p99_us'));
    // One of the servers tells.
    if (row.text('operation') === 'GET' && row.text('contender') === 'hotshard')
      t.ok(row.number('hit_ratio') > 0.99, 'the keys that are asked for are there');
  }
});

const HEADER =
  '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"\n';

test('times of redis-benchmark are milliseconds', (t) => {
  const line = '"MSET (10 keys)","51072.52","19.654","0.320","18.607","30.623","87.103","98.111"\n';
  t.strictSame(parseBenchmark(`WARNING: Could not fetch server CONFIG\n${HEADER}${line}`), {
    ...{ rate: 51_072.52, mean: 19_654, p50: 18_607, p95: 30_623, p99: 87_103, max: 98_111 },
  });
  t.end();
});

test('where it was ended by an error, what it printed is the error', (t) => {
  const message = /^redis-benchmark did not say what it measured: .*Error from server: ERR full/s;
  t.throws(() => parseBenchmark(`${HEADER}Error from server: ERR full\n`), { message });
  t.throws(
    () => parseBenchmark(`Error from server: ERR full\n${HEADER}"GET","inf","1","1","1","1","1","1"`),
    {
      message,
    },
  );
  t.end();
});

test('with less than all the results are not complete', (t) => {
  t.match(parseOptions([]), {
    ...{ rounds: 3, isComplete: true, tests: ['set', 'get', 'incr', 'mset'], depths: [1, 16, 64] },
  });
  t.match(parseOptions(['--tests', 'GET']), { tests: ['get'], isComplete: false });
  t.match(parseOptions(['--pipelines', '64,1']), { depths: [1, 64], isComplete: false });
  t.throws(() => parseOptions(['--pipelines', '2']), {
    message: /--pipelines: there is no "2", only 1, 16, 64/,
  });
  t.end();
});
