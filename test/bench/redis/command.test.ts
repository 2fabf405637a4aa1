/** `bench:redis` and `bench:cache-ratio` as commands: short runs with real servers, and the files they write. */
import { test } from 'tap';
import { PLOTS as CACHE_RATIO_PLOTS } from '../../../src/bench/cache-ratio/plot.js';
import { PLOTS } from '../../../src/bench/redis/plot.js';
import { QuickRun, TIMEOUT } from '../quick-run.js';

test('hotshard in front of Redis', { timeout: TIMEOUT }, async (t) => {
  const run = await QuickRun.of(t, 'redis');
  const json = run.json('redis.json');
  const sections = ['compare', 'staleness', 'outage'];
  t.strictSame(
    run.files,
    ['redis.json', ...sections.flatMap((name) => [`redis-${name}.csv`, `redis-${name}.svg`])].sort(),
  );
  t.strictSame(Object.keys(json.sections), sections);
  await run.checkPlots(t, PLOTS);
  t.notMatch(run.stdout, /NaN|undefined|Infinity/);
  t.match(json.machine, { node: process.version });

  const { compare, staleness, outage } = json.sections;
  const rows = run.rows('redis-compare.csv');
  t.equal(rows.length, compare.results.length, 'a line for each round, of which there is one');
  for (const row of rows) {
    const [mix, contender] = [row.text('mix'), row.text('contender')];
    t.equal(row.number('failures'), 0, `${mix}, ${contender}: every request is answered 200`);
    t.ok(row.number('requests_per_second') > 0);
    if (contender === 'hotshard + Redis' && mix !== 'writes') {
      t.ok(row.number('hit_ratio') > 0.9, 'own writes are kept');
    }
  }
  t.equal(staleness.failures, 0);
  t.equal(run.rows('redis-staleness.csv').length, staleness.writes);
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
  const run = await QuickRun.of(t, 'cache-ratio', '--only', 'redis');
  t.strictSame(run.files, ['cache-ratio-redis.csv', 'cache-ratio.json', 'cache-ratio.svg']);
  await run.checkPlots(t, CACHE_RATIO_PLOTS);
  const { results } = run.json('cache-ratio.json').sections.redis;
  for (const { distribution, share, hitRatio, failures } of results) {
    t.equal(failures, 0, `${distribution}: what is not in the cache comes from Redis`);
    t.ok(hitRatio.median < 1, 'the cache does not hold all');
    t.ok(hitRatio.median > share - 0.2, `${distribution}: hits are ${hitRatio.median} of the reads`);
  }
  const [zipf, uniform] = results;
  t.ok(zipf.hitRatio.median > uniform.hitRatio.median, 'the cache holds what is popular');
});
