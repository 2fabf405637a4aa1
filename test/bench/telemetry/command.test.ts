/** `bench:telemetry` as a command: a short run with all servers, and the files it writes; and what "without telemetry" means. */
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { startHotshard } from '../../../src/bench/load/server.js';
import { parseOptions } from '../../../src/bench/telemetry/options.js';
import { copyWithoutTelemetry } from '../../../src/bench/telemetry/without.js';
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
  t.strictSame(
    [...new Set(servers.map((row) => `${row.text('protocol')} ${row.text('telemetry')}`))],
    ['http', 'resp'].flatMap((protocol) => ['on', 'off', 'other'].map((build) => `${protocol} ${build}`)),
  );
  for (const row of servers) t.equal(row.number('failures'), 0);
});

test('a copy without telemetry serves, and counts nothing', { timeout: TIMEOUT }, async (t) => {
  const server = await startHotshard(['--workers', '1'], 'any', copyWithoutTelemetry(t.testdir()));
  t.teardown(() => server.stop());
  const url = `http://127.0.0.1:${server.port}`;
  t.equal((await fetch(`${url}/store/k`, { method: 'POST', body: 'v' })).status, 200);
  t.equal(await (await fetch(`${url}/get/k`)).text(), 'v');
  const metrics = await (await fetch(`${url}/metrics`)).text();
  t.match(metrics, /^hotshard_requests_total\{protocol="http1",op="get",status="2xx"\} 0$/m);
  t.match(metrics, /^hotshard_request_duration_seconds_count\{protocol="http1"\} 0$/m);
  t.match(metrics, /^hotshard_hits_total 1$/m, 'the map counts by itself');
});

test('both sections, beside another checkout where one is named', (t) => {
  t.match(parseOptions([]), {
    ...{ sections: ['count', 'server'], rounds: 9, seconds: 3, against: undefined, isComplete: true },
  });
  t.match(parseOptions(['--against', '../other']), { sections: ['count', 'server'], against: '../other' });
  t.match(parseOptions(['--only', 'server']), { sections: ['server'], isComplete: false });
  t.end();
});
