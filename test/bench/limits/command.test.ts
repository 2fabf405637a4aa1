/** `bench:limits` as a command: a short run with real servers, and the files it writes. */
import { test } from 'tap';
import { QuickRun, TIMEOUT } from '../quick-run.js';

test('both limits hold, and what was measured says so', { timeout: TIMEOUT }, async (t) => {
  const run = await QuickRun.of(t, 'limits', '--seconds', '1');
  t.notMatch(run.stdout, /NaN|undefined|Infinity/);
  t.strictSame(run.files, ['limits-concurrency.csv', 'limits-rate.csv', 'limits.json']);

  const [few, many] = run.rows('limits-concurrency.csv');
  t.strictSame([few?.number('misses_at_once'), many?.number('misses_at_once')], [70, 250]);
  for (const row of [few, many]) {
    const most = row?.number('most_at_store') ?? 0;
    t.ok(most > 1 && most <= 25, `${most} at the store`);
    t.ok((row?.number('answered') ?? 0) > 0);
    t.ok((row?.number('longest_us') ?? 0) >= 50_000, 'the store is slow');
  }
  t.equal(few?.number('refused'), 0);
  t.equal(few?.number('hits_refused'), 0);
  t.ok((few?.number('hits_answered') ?? 0) > 0);
  t.ok((many?.number('refused') ?? 0) > 0, 'more than places and backlog hold');

  const rates = run.rows('limits-rate.csv');
  t.strictSame(
    rates.map((row) => [row.number('addresses'), row.text('address')]),
    [
      [1, '127.0.0.1'],
      [2, '127.0.0.1'],
      [2, '127.0.0.2'],
    ],
  );
  for (const row of rates) {
    t.ok(row.number('admitted') <= row.number('bound'));
    const known = row.number('admitted') + row.number('refused') + row.number('unanswered');
    t.equal(known, row.number('requests'), 'all that was offered');
    t.ok(row.number('requests') >= 10_000);
  }
});
