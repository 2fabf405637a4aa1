/** `bench:scaling` as a command: a short run with real servers, and the files it writes. */
import { availableParallelism } from 'node:os';
import { test } from 'tap';
import { parseOptions } from '../../../src/bench/scaling/options.js';
import { PLOTS } from '../../../src/bench/scaling/plot.js';
import { QuickRun, TIMEOUT } from '../quick-run.js';

const SECTIONS = ['workers', 'keys', 'values', 'connections', 'memory'];
const MIB = 1024 * 1024;

test('what grows, and what it costs', { timeout: TIMEOUT }, async (t) => {
  const run = await QuickRun.of(t, 'scaling');
  const files = SECTIONS.flatMap((name) => [`scaling-${name}.csv`, `scaling-${name}.svg`]);
  t.strictSame(run.files, [...files, 'scaling.json'].sort());
  t.notMatch(run.stdout, /NaN|undefined|Infinity/);
  await run.checkPlots(t, PLOTS);
  const { sections, machine } = run.json('scaling.json');
  t.strictSame(Object.keys(sections), SECTIONS);
  t.equal(machine.node, process.version);

  const rowsOf = (section: string) => run.rows(`scaling-${section}.csv`);
  const column = (section: string, name: string) => rowsOf(section).map((row) => row.text(name));
  for (const section of SECTIONS.filter((name) => name !== 'memory')) {
    for (const row of rowsOf(section)) {
      t.equal(row.number('failures'), 0, `${section}: every request is answered 200`);
      t.ok(row.number('requests_per_second') > 0);
      t.equal(row.number('hit_ratio'), 1, `${section}: every key is there`);
      t.ok(row.number('cpu_us_per_request') >= 0);
    }
  }
  t.strictSame(column('workers', 'workers').map(Number), [availableParallelism()]);
  t.strictSame(column('keys', 'keys'), ['1000']);
  for (const row of rowsOf('keys')) t.ok(row.number('start_seconds') > 0);
  t.strictSame(column('values', 'value_size'), [String(64 * 1024)]);
  for (const row of rowsOf('values')) {
    const bytes = row.number('requests_per_second') * row.number('value_size');
    const written = row.number('megabytes_per_second');
    t.ok(Math.abs(bytes / 1e6 - written) < 0.05 * written + 0.01, `${written} MB/s`);
  }
  t.strictSame(column('connections', 'activity'), ['mostly idle', 'all active']);
  t.strictSame(column('connections', 'connections'), ['100', '100']);
  for (const row of rowsOf('connections')) {
    t.ok(row.number('resident_peak_bytes') >= row.number('resident_before_bytes'));
  }
  const [empty, filled] = rowsOf('memory');
  t.strictSame(column('memory', 'keys'), ['0', '1000']);
  t.strictSame([empty.number('held_keys'), empty.number('payload_bytes')], [0, 0]);
  t.equal(filled.number('held_keys'), 1_000);
  const payload = filled.number('payload_bytes');
  t.ok(payload >= 1_000 * (36 + 10) && payload <= 1_000 * (36 + 50), `${payload} bytes of keys and values`);
  t.ok(filled.number('used_bytes') > payload, 'headers are counted, too');
  t.ok(filled.number('resident_bytes') < empty.number('resident_bytes') + 256 * MIB, 'the promise is kept');
});

test('all sections in full, unless told otherwise', (t) => {
  t.match(parseOptions([]), { sections: SECTIONS, rounds: 3, seconds: 1, quick: false, isComplete: true });
  t.match(parseOptions(['--only', 'memory,keys']), { sections: ['keys', 'memory'], isComplete: false });
  t.match(parseOptions(['--quick']), { rounds: 1, isComplete: false });
  t.throws(() => parseOptions(['--only', 'all']), {
    message: `--only: there is no "all", only ${SECTIONS.join(', ')}`,
  });
  t.end();
});
