/** `npm run soak` as a command: seconds with real servers whose workers and whose Redis are killed, and the files it writes. */
import { test } from 'tap';
import { parseOptions } from '../../../src/bench/soak/options.js';
import { PLOTS } from '../../../src/bench/soak/plot.js';
import { QuickRun, TIMEOUT } from '../quick-run.js';

test('all phases, and nothing wrong', { timeout: TIMEOUT }, async (t) => {
  // It would have ended with exit code 1 otherwise, and this with an error.
  const run = await QuickRun.of(t, 'soak', '--seed', '7');
  t.strictSame(run.files, ['soak.csv', 'soak.json', 'soak.svg']);
  await run.checkPlots(t, PLOTS);
  t.match(run.stdout, /Seed 7\. All as it must be\./);
  t.notMatch(run.stdout, /NaN|undefined/);
  const { seed, phases } = run.json('soak.json').sections.soak;
  t.equal(seed, 7);
  t.strictSame(
    phases.map(({ phase }: { readonly phase: string }) => phase),
    ['map', 'eviction', 'redis', 'calm'],
  );
  for (const { phase, operations, counts, outages } of phases) {
    t.equal(outages > 0, phase === 'redis', `${phase}: ${outages} outages of Redis`);
    t.ok(operations > 50 && counts.right > 0 && counts.written > 0, `${phase}: ${operations} operations`);
    t.match(counts, { lost: 0, stale: 0, expired: 0, torn: 0, 'mixed up': 0, unexpected: 0, overdue: 0 });
  }
  for (const row of run.rows('soak.csv')) {
    t.ok(row.number('resident_bytes') > 0 && row.number('open_files') > 0);
    t.equal(row.number('wrong'), 0);
  }
});

test('ten minutes, unless told otherwise', async (t) => {
  t.match(parseOptions([]), { minutes: 10, quick: false, isComplete: true });
  t.match(parseOptions(['--minutes', '0.5', '--seed', '3', '--out', 'x']), {
    ...{ minutes: 0.5, seed: 3, out: 'x', isComplete: false },
  });
  t.match(parseOptions(['--quick']), { isComplete: false });
  t.not(parseOptions([]).seed, parseOptions([]).seed);
  t.throws(() => parseOptions(['--minutes', '0']), { message: '--minutes: must be more than 0' });
  t.throws(() => parseOptions(['--minutes', 'x']), { message: '--minutes: must be a number of minutes' });
  t.throws(() => parseOptions(['--seed', '1.5']), { message: '--seed: must be a whole number' });
});
