/** Sweeps: the order of their rounds, their tables and files, and what is seen of one under way. */
import { PassThrough } from 'node:stream';
import { test } from 'tap';
import { showSteps } from '../../src/bench/step-bar.js';
import { measureSweep, sweepRows, sweepTable } from '../../src/bench/sweep.js';

const STOPS = [1, 2, 4];

test('stops take turns, and rounds to warm up are not kept', async (t) => {
  const order: number[] = [];
  const stops = STOPS.map((connections) => ({
    labels: { connections },
    measure: async () => order.push(connections),
  }));
  const points = await measureSweep('sweep', stops, 2, 1);
  t.strictSame(order, [4, 2, 1, 1, 2, 4, 4, 2, 1]);
  t.strictSame(points, [
    { labels: { connections: 1 }, rounds: [4, 9] },
    { labels: { connections: 2 }, rounds: [5, 8] },
    { labels: { connections: 4 }, rounds: [6, 7] },
  ]);
  t.strictSame(sweepRows(points, (ended) => ({ ended })).slice(0, 2), [
    { connections: 1, round: 1, ended: 4 },
    { connections: 1, round: 2, ended: 9 },
  ]);
});

test('a table has medians, and nothing for what was not measured', (t) => {
  const points = [
    { labels: { size: 16 }, rounds: [1, 2, 6] },
    { labels: { size: 64 }, rounds: [Number.NaN] },
  ];
  const text = sweepTable(points, { size: ({ size }) => `${size} B` }, [
    { title: 'rate', of: (round) => round, digits: 1, hasRange: true },
  ]);
  t.equal(text, 'size  rate  min to max\n16 B   2.0  1.0 to 6.0\n64 B\n');
  t.end();
});

function streamOf(isTTY: boolean): { stream: NodeJS.WriteStream; written: () => string } {
  const stream = new PassThrough({ encoding: 'utf8' });
  const terminal = Object.assign(stream, { isTTY, columns: 120, rows: 40 });
  return { stream: terminal as unknown as NodeJS.WriteStream, written: () => stream.read() ?? '' };
}

test('on a terminal a bar goes on, and away', (t) => {
  const { stream, written } = streamOf(true);
  const progress = showSteps('keys', 4, stream);
  t.match(written(), 'keys [');
  progress.advance();
  progress.stop();
  t.match(written(), '1 of 4');
  t.end();
});

test('elsewhere nothing is written', (t) => {
  const { stream, written } = streamOf(false);
  const progress = showSteps('keys', 4, stream);
  progress.advance();
  progress.stop();
  t.equal(written(), '');
  t.end();
});
