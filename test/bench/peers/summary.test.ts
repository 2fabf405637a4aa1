/** What the table of a contest says about who is better. */
import { test } from 'tap';
import type { LoadRound } from '../../../src/bench/load/measured.js';
import { USUAL } from '../../../src/bench/peers/extent.js';
import { betterThanOwn, contestRows, contestText, resultsOf } from '../../../src/bench/peers/summary.js';

interface Figures {
  readonly rate: number;
  readonly cpu: number;
  readonly redisCpu?: number;
  readonly latency?: number;
}

function roundOf({ rate, cpu, redisCpu, latency = 100 }: Figures): LoadRound {
  const all = { mean: latency, p50: latency, p75: latency, p90: latency };
  return {
    ...{ rate, cpu, redisCpu, hitRatio: undefined, resident: 2 ** 20, requests: rate, failures: 0 },
    ...{ absent: 0, serverCores: (rate * cpu) / 1e6, loadCores: 1 },
    latency: { ...all, p95: latency, p99: latency, p999: latency, max: latency },
  };
}

const OWN = {
  contender: 'hotshard',
  rounds: [roundOf({ rate: 50_000, cpu: 20 }), roundOf({ rate: 10_000, cpu: 20 })],
} as const;

test('a ratio is of two rounds that were measured together', (t) => {
  // By medians of the rates it would be 1.
  const rounds = [roundOf({ rate: 25_000, cpu: 10 }), roundOf({ rate: 35_000, cpu: 30 })];
  const [own, other] = resultsOf([OWN, { contender: 'memcached', rounds }]);
  t.equal(own.toOwn['requests/s'].median, 1);
  t.strictSame(other.toOwn['requests/s'], { median: 2, min: 0.5, max: 3.5 });
  t.strictSame(other.toOwn.CPU, { median: 1, min: 0.5, max: 1.5 });
  t.end();
});

test('who is better than hotshard is named, and by what', (t) => {
  const better = { contender: 'Redis', rounds: [roundOf({ rate: 51_000, cpu: 21, latency: 90 })] } as const;
  const worse = {
    contender: 'memcached',
    rounds: [roundOf({ rate: 49_000, cpu: 21, latency: 110 })],
  } as const;
  const own = { ...OWN, rounds: OWN.rounds.slice(0, 1) };
  const results = resultsOf([own, better, worse]);
  t.strictSame(results.map(betterThanOwn), [[], ['requests/s', 'p50', 'p99'], []]);
  const text = contestText(USUAL, results);
  t.match(text, 'better than hotshard: Redis by requests/s (1.02), p50 (0.90), p99 (0.90)\n');
  t.notMatch(text, /better than hotshard: (?:hotshard|memcached)/);
  t.end();
});

test('what stands behind a server counts as its own CPU, where servers are compared', (t) => {
  const rounds = [roundOf({ rate: 50_000, cpu: 15, redisCpu: 10 })];
  const own = { ...OWN, rounds: OWN.rounds.slice(0, 1) };
  const [, webdis] = resultsOf([own, { contender: 'Webdis + Redis', rounds }]);
  t.equal(webdis.toOwn.CPU.median, 1.25);
  t.strictSame(betterThanOwn(webdis), []);
  const [row] = contestRows({}, USUAL, [{ contender: 'Webdis + Redis', rounds }]);
  t.match(row, {
    cpu_us_per_request: '15.00',
    redis_cpu_us_per_request: '10.00',
    total_cpu_us_per_request: '25.00',
    server_busy_percent: '75.0',
    resident_bytes: 2 ** 20,
  });
  t.end();
});

test('where the server had time to spare, the load set the rate, and it is said', (t) => {
  const own = { ...OWN, rounds: OWN.rounds.slice(0, 1) };
  const idle = { contender: 'Redis', rounds: [roundOf({ rate: 60_000, cpu: 10 })] } as const;
  const text = contestText(USUAL, resultsOf([own, idle]));
  t.match(text, /not busy, so that the load set the rate; compare the CPU: Redis\n/);
  t.end();
});

test('what was not measured is left out', (t) => {
  const rounds = [roundOf({ rate: 50_000, cpu: 20, latency: Number.NaN })];
  const text = contestText({ ...USUAL, depth: 16 }, resultsOf([{ contender: 'hotshard', rounds }]));
  t.match(text, /^64 connections, 16 requests sent at once, 10,000 keys/);
  t.notMatch(text, /NaN|p50|p99|Redis CPU/);
  t.end();
});
