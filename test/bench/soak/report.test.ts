/** What the soak finds: what grows in a server that had settled, and runs that are too short to tell. */
import { test } from 'tap';
import { reportOf } from '../../../src/bench/soak/report.js';
import { ALL_WATCHED, type Sample, type Watched } from '../../../src/bench/soak/samples.js';
import { Tally } from '../../../src/bench/soak/tally.js';

const OPTIONS = { minutes: 10, seed: 1, out: undefined, quick: false, isComplete: true };
const COUNTS = new Tally().counts;

/** What is said of a phase of ten minutes whose figures are these, after a settling in which memory grew. */
function findings(name: 'map' | 'calm', figure: Watched, value: (seconds: number) => number) {
  const tally = new Tally();
  tally.took(1);
  const samples = Array.from({ length: 360 }, (_, i): Sample => {
    const seconds = 2 * i;
    const figures = Object.fromEntries(ALL_WATCHED.map((watched) => [watched, 100])) as Record<
      Watched,
      number
    >;
    const isSettled = seconds >= 120;
    const told = isSettled ? value(seconds - 120) : seconds;
    const latency = { mean: 1, p50: 1, p75: 1, p90: 1, p95: 1, p99: 1, p999: 1, max: 1 };
    const rest = { rate: 1, latency, heaps: [1], restarts: 0, outages: 0, evictions: 0, counts: COUNTS };
    return { seconds, isSettled, ...rest, ...figures, [figure]: told };
  });
  const phase = { name, seconds: 600, seed: 1, sampling: 2, settles: true, hasFaults: name !== 'calm' };
  return reportOf([{ ...phase, samples, tally }], OPTIONS).result.findings;
}

test('whatever is watched may not grow, once it has settled', async (t) => {
  const MB = 1e6;
  t.strictSame(
    findings('map', 'residentBytes', (seconds) => 200 * MB + (seconds / 60) * MB),
    ['map: residentBytes has grown from 200,000,000 to 209,966,667, and 8,000,000 more is borne'],
  );
  t.match(
    findings('map', 'openFiles', (seconds) => 60 + seconds / 60),
    [/^map: openFiles has grown from 60 to 70, /],
  );
  t.match(
    findings('map', 'threads', (seconds) => 13 + seconds / 120),
    [/^map: threads /],
  );
  t.match(
    findings('map', 'connections', (seconds) => 24 + seconds / 100),
    [/^map: connections /],
  );
  t.match(
    findings('map', 'cpuMicroseconds', (seconds) => 100 * (1 + seconds / 1000)),
    [/^map: cpuMicroseconds /],
  );
  t.match(
    findings('map', 'p99Microseconds', (seconds) => 2000 * (1 + seconds / 600)),
    [/^map: p99Microseconds /],
  );
  const heap = (seconds: number) => 40 * MB + (seconds / 30) * MB;
  t.match(findings('calm', 'heapBytes', heap), [/^calm: heapBytes /]);
  t.strictSame(findings('map', 'heapBytes', heap), [], 'what dies with its worker is not lost for good');
  for (const figure of ALL_WATCHED)
    t.strictSame(
      findings('calm', figure, () => 200 * MB),
      [],
      figure,
    );
});

test('a run that is too short to judge growth says so', async (t) => {
  const tally = new Tally();
  tally.took(1);
  const phase = { name: 'map', seconds: 1, seed: 1, sampling: 1, settles: true, hasFaults: true } as const;
  const { findings } = reportOf([{ ...phase, samples: [], tally }], OPTIONS).result;
  t.strictSame(findings, ['map: too short to judge growth']);
});

test('where nothing is killed no request is refused, and no connection lost', async (t) => {
  const tally = new Tally();
  tally.took(1);
  tally.count('refused');
  tally.count('cut');
  const phase = { seconds: 1, seed: 1, sampling: 1, settles: true, samples: [], tally };
  const quick = { ...OPTIONS, quick: true };
  const found = (name: 'redis' | 'calm', hasFaults: boolean) =>
    reportOf([{ ...phase, name, hasFaults }], quick).result.findings;
  t.strictSame(found('redis', true), []);
  t.strictSame(found('calm', false), ['calm: 1 requests refused', 'calm: 1 requests cut']);
});
