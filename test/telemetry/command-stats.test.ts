/** The counts behind `INFO commandstats`: kept by each worker, read and reset by any. */
import t from 'tap';
import { COMMAND_SLOTS, CommandStats, ERROR_CODES } from '../../src/telemetry/command-stats.js';

const LAST = COMMAND_SLOTS - 1;

t.test('commands are counted by each worker and read over all of them', async (t) => {
  const stats = CommandStats.create(2);
  const other = CommandStats.attach(structuredClone(stats.handle));
  t.strictSame(other.totals(), []);
  stats.count(0, 3, 2, 10);
  other.count(1, 3, 1, 0.25);
  other.count(1, LAST, 5, 1);
  other.failed(1, LAST);
  stats.rejected(0, 7);
  const expected = [
    { command: 3, calls: 3, microseconds: 10.25, rejected: 0, failed: 0 },
    { command: 7, calls: 0, microseconds: 0, rejected: 1, failed: 0 },
    { command: LAST, calls: 5, microseconds: 1, rejected: 0, failed: 1 },
  ];
  t.strictSame(stats.totals(), expected);
  t.strictSame(other.totals(), expected);
});

t.test('many short calls add up', async (t) => {
  const stats = CommandStats.create(1);
  for (let i = 0; i < 1000; i++) stats.count(0, 0, 1, 0.2);
  t.match(stats.totals(), [{ calls: 1000, microseconds: 200 }]);
});

t.test('errors by their first word, over all workers', async (t) => {
  const stats = CommandStats.create(2);
  t.strictSame(stats.errors(), []);
  for (const code of ERROR_CODES) stats.erred(0, `${code} what it is about`);
  stats.erred(1, 'ERR syntax error');
  stats.erred(1, 'ERRATIC as no other');
  t.strictSame(
    new Map(stats.errors().map(({ code, count }) => [code, count])),
    new Map(ERROR_CODES.map((code) => [code, code === 'ERR' || code === 'OTHER' ? 2 : 1])),
  );
  t.strictSame(stats.totals(), [], 'are no commands');
  t.strictSame(stats.traffic, { input: 0, output: 0 });
});

t.test('bytes of the connections', async (t) => {
  const stats = CommandStats.create(2);
  stats.received(0, 2 ** 33);
  stats.received(1, 1);
  stats.sent(1, 5);
  t.strictSame(stats.traffic, { input: 2 ** 33 + 1, output: 5 });
  t.strictSame(stats.totals(), [], 'are no commands');
});

t.test('a reset in one worker is a reset for all', async (t) => {
  const stats = CommandStats.create(2);
  const other = CommandStats.attach(stats.handle);
  stats.count(0, 3, 2, 10);
  other.count(1, 3, 1, 2);
  other.count(1, 4, 1, 2);
  other.rejected(1, 3);
  stats.failed(0, 3);
  stats.erred(0, 'ERR no');
  stats.received(0, 7);
  other.reset();
  for (const each of [stats, other]) {
    t.strictSame(each.totals(), []);
    t.strictSame(each.errors(), []);
    t.strictSame(each.traffic, { input: 0, output: 0 });
    t.strictSame(each.trafficSinceStart, { input: 7, output: 0 }, 'what must not go down does not');
  }
  stats.count(0, 3, 1, 4);
  stats.sent(0, 9);
  t.strictSame(other.totals(), [{ command: 3, calls: 1, microseconds: 4, rejected: 0, failed: 0 }]);
  t.strictSame(other.traffic, { input: 0, output: 9 });
});
