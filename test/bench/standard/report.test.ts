/** The table of `hotshard bench`: what is not known is not in it, and neither are secrets. */
import { test } from 'tap';
import type { LoadRound, RoundCost } from '../../../src/bench/load/measured.js';
import { describeMachine } from '../../../src/bench/machine.js';
import { parseOptions } from '../../../src/bench/standard/options.js';
import { type Bench, benchFiles, benchText } from '../../../src/bench/standard/report.js';

const COST: RoundCost = {
  ...{ rate: 1_000, cpu: 20, redisCpu: undefined, hitRatio: 0.5, resident: 64 * 2 ** 20 },
  ...{ requests: 1_000, failures: 3, absent: 2, serverCores: 0.7, loadCores: 1 },
};
const LATENCY = { mean: 5, p50: 1, p75: 2, p90: 3, p95: 4, p99: 5, p999: 6, max: 7 };

function bench(cost: Partial<RoundCost>, serverFlags: readonly string[] = []): Bench {
  const throughput = [900, 1_100, 1_000].map((rate) => ({ ...COST, rate, ...cost }));
  const latency: LoadRound[] = throughput.map((round) => ({ ...round, latency: LATENCY }));
  return {
    options: parseOptions({}, serverFlags),
    about: { version: '1.2.3', pid: 1, workers: 1, memory: { rss: 1 } },
    rounds: { throughput, latency, rate: 500 },
    autocannon: '9.0.0',
    machine: describeMachine(),
  };
}

test('medians, and the lowest and the highest round', (t) => {
  const text = benchText(bench({}));
  t.match(text, /^Throughput, requests per second +1,000 +900 +1,100$/m);
  t.match(text, /^CPU time of the server per request, µs +20\.0 +20\.0 +20\.0$/m);
  t.match(text, /^Memory of the server \(RSS\), MiB +64 +64 +64$/m);
  t.match(text, /^Reads found in the cache, % +50\.00/m);
  t.match(text, /^Errors .* 6$/m, 'a key that is not there is none');
  t.end();
});

test('what is not known is left out', (t) => {
  const unknown = bench({
    cpu: Number.NaN,
    resident: Number.NaN,
    hitRatio: undefined,
    serverCores: Number.NaN,
  });
  t.notMatch(benchText(unknown), /NaN|undefined|CPU time|Memory|Reads found|was the limit/);
  const [csv, json] = ['bench.csv', 'bench.json'].map((name) => benchFiles(unknown).get(name) ?? '');
  t.notMatch(csv, /NaN|undefined/);
  t.notMatch(JSON.parse(json).summary, { cpu_us_per_request: {} });
  t.end();
});

test('where the load could not do more, that is said', (t) => {
  t.match(benchText(bench({})), /it used 100 % of a core, the server 70 %/);
  t.notMatch(benchText(bench({ serverCores: 0.99 })), /was the limit/);
  t.notMatch(benchText(bench({ loadCores: 0.8 })), /was the limit/);
  t.end();
});

test('secrets among the flags of the server are shown nowhere', (t) => {
  const flags = ['--redis', 'redis://u:secret@there', '--auth-token', 'secret', '--read-only-token=secret'];
  const one = bench({}, flags);
  t.notMatch(benchText(one) + [...benchFiles(one).values()].join(), /secret/);
  t.match(benchText(one), /--auth-token \*\*\*/);
  t.end();
});
