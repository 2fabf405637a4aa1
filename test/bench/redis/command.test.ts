/** `bench:redis` and `bench:cache-ratio` as commands: short runs with real servers, and the files they write. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Test, test } from 'tap';
import { plain } from '../../plain.js';

const TIMEOUT = 100_000;

/** Runs the benchmark of that name in short, and reads what it wrote. */
async function run(t: Test, name: string, ...flags: string[]) {
  const out = mkdtempSync(join(tmpdir(), `hotshard-${name}-`));
  t.teardown(() => rmSync(out, { recursive: true, force: true }));
  const command = fileURLToPath(new URL(`../../../src/bench/${name}.js`, import.meta.url));
  const { stdout } = await promisify(execFile)(
    ...plain(process.execPath, [command, '--quick', '--out', out, ...flags]),
    { timeout: TIMEOUT, encoding: 'utf8' },
  );
  const files = new Map(readdirSync(out).map((file) => [file, readFileSync(join(out, file), 'utf8')]));
  return { stdout, files, json: JSON.parse(files.get(`${name}.json`) ?? '') };
}

/** The lines of a CSV file below its header, as objects. */
function linesOf(csv = ''): Record<string, string>[] {
  const [header = [], ...lines] = csv
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  return lines.map((cells) => Object.fromEntries(cells.map((cell, i) => [header[i], cell])));
}

test('hotshard in front of Redis', { timeout: TIMEOUT }, async (t) => {
  const { stdout, files, json } = await run(t, 'redis');
  const sections = ['compare', 'staleness', 'outage'];
  t.strictSame(
    [...files.keys()].sort(),
    ['redis.json', ...sections.flatMap((name) => [`redis-${name}.csv`, `redis-${name}.svg`])].sort(),
  );
  t.strictSame(Object.keys(json.sections), sections);
  for (const name of sections) t.match(files.get(`redis-${name}.svg`), /^<svg [\s\S]+<\/svg>\n$/);
  t.notMatch(stdout, /NaN|undefined|Infinity/);
  t.match(json.machine, { node: process.version });

  const { compare, staleness, outage } = json.sections;
  const lines = linesOf(files.get('redis-compare.csv'));
  t.equal(lines.length, compare.results.length, 'a line for each round, of which there is one');
  for (const { mix, contender, failures, hit_ratio: hits, requests_per_second: rate } of lines) {
    t.equal(failures, '0', `${mix}, ${contender}: every request is answered 200`);
    t.ok(Number(rate) > 0);
    if (contender === 'hotshard + Redis' && mix !== 'writes') t.ok(Number(hits) > 0.9, 'own writes are kept');
  }
  t.equal(staleness.failures, 0);
  t.equal(linesOf(files.get('redis-staleness.csv')).length, staleness.writes);
  const { p50, p90, p99, max } = staleness.received;
  t.ok(p50 <= p90 && p90 <= p99 && p99 <= max && staleness.asked.max <= max);
  const { killed, gone, restarted, back, firstAcknowledged, timeline, step } = outage;
  t.ok(killed < gone && gone < restarted && restarted < back);
  // On a busy machine the short run may be over before that.
  t.ok(firstAcknowledged === undefined || firstAcknowledged > restarted);
  const without = timeline.slice(Math.ceil(gone / step), Math.floor(restarted / step));
  t.ok(without.every(({ acknowledged }: { acknowledged: number }) => acknowledged === 0));
});

test('caches for a part of the keys', { timeout: TIMEOUT }, async (t) => {
  const { files, json } = await run(t, 'cache-ratio', '--only', 'redis');
  t.strictSame([...files.keys()].sort(), ['cache-ratio-redis.csv', 'cache-ratio.json', 'cache-ratio.svg']);
  t.match(files.get('cache-ratio.svg'), /^<svg [\s\S]+<\/svg>\n$/);
  const { results } = json.sections.redis;
  for (const { distribution, share, hitRatio, failures } of results) {
    t.equal(failures, 0, `${distribution}: what is not in the cache comes from Redis`);
    t.ok(hitRatio.median < 1, 'the cache does not hold all');
    t.ok(hitRatio.median > share - 0.2, `${distribution}: hits are ${hitRatio.median} of the reads`);
  }
  const [zipf, uniform] = results;
  t.ok(zipf.hitRatio.median > uniform.hitRatio.median, 'the cache holds what is popular');
});
