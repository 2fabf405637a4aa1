/** `bench:telemetry` as a command: a short run, two servers of this checkout included, and the files it writes. */
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { parseOptions } from '../../../src/bench/telemetry/options.js';
import { QuickRun, TIMEOUT } from '../quick-run.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

test('what telemetry costs', { timeout: TIMEOUT }, async (t) => {
  const run = await QuickRun.of(t, 'telemetry', '--against', ROOT);
  t.strictSame(run.files, ['telemetry-count.csv', 'telemetry-server.csv', 'telemetry.json']);
  t.notMatch(run.stdout, /NaN|undefined|Infinity/);
  const counts = run.rows('telemetry-count.csv');
  t.ok(counts.length > 4 && counts.every((row) => row.number('ns') > 0));
  const json = run.json('telemetry.json');
  t.match(json.sections.count.results[0], { case: 'empty loop', aboveEmpty: 0 });
  t.equal(json.sections.count.results.length * 2, counts.length, 'two rounds of each');
  const servers = run.rows('telemetry-server.csv');
  t.strictSame([...new Set(servers.map((row) => row.text('checkout')))], ['this', 'other']);
  for (const row of servers) t.equal(row.number('failures'), 0);
});

test('the server is compared where there is one to compare with', (t) => {
  t.match(parseOptions([]), {
    sections: ['count'],
    rounds: 9,
    seconds: 3,
    against: undefined,
    isComplete: true,
  });
  t.match(parseOptions(['--against', '../other']), { sections: ['count', 'server'], against: '../other' });
  t.match(parseOptions(['--only', 'server', '--against', 'x']), { sections: ['server'], isComplete: false });
  t.throws(() => parseOptions(['--only', 'server']), { message: '--only server: needs --against' });
  t.end();
});
