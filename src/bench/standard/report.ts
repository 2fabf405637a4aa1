/** What the standard benchmark hands over: a table that needs no explanation, a line of CSV for each round, and JSON. */
import { maskSecrets } from '../../config/redis-address.js';
import { csvOf, indented, type Row } from '../files.js';
import type { LoadRound, RoundCost } from '../load/measured.js';
import { isPinned } from '../load/pinned.js';
import type { Machine } from '../machine.js';
import { type Spread, spreadOf } from '../spread.js';
import { countText, textTable } from '../text-table.js';
import type { BenchRounds } from './measure.js';
import type { BenchOptions } from './options.js';
import type { About } from './target.js';

const MIB = 2 ** 20;

/** From this share of a core on, a process can't do more. */
const BUSY = 0.95;

export interface Bench {
  readonly options: BenchOptions;
  readonly about: About | undefined;
  readonly rounds: BenchRounds;
  readonly autocannon: string;
  readonly machine: Machine;
}

interface Line {
  readonly name: string;
  /** In the JSON file. */
  readonly key: string;
  readonly digits: number;
  readonly values: readonly number[];
}

/** What was not told is not among them. */
function linesOf({ throughput, latency }: BenchRounds): Line[] {
  const both = [...throughput, ...latency];
  const percentile = (name: string, key: keyof LoadRound['latency']) => ({
    name: `Latency, ${name}, µs`,
    key: `latency_${key}_us`,
    digits: 0,
    values: latency.map((round) => round.latency[key]),
  });
  const of = (rounds: readonly RoundCost[], value: (round: RoundCost) => number | undefined) =>
    rounds.map((round) => value(round) ?? Number.NaN);
  const lines = [
    {
      name: 'Throughput, requests per second',
      key: 'requests_per_second',
      digits: 0,
      values: of(throughput, ({ rate }) => rate),
    },
    percentile('50 % of the requests (p50)', 'p50'),
    percentile('90 % (p90)', 'p90'),
    percentile('99 % (p99)', 'p99'),
    percentile('99.9 % (p99.9)', 'p999'),
    percentile('longest (max)', 'max'),
    {
      name: 'CPU time of the server per request, µs',
      key: 'cpu_us_per_request',
      digits: 1,
      values: of(throughput, ({ cpu }) => cpu),
    },
    {
      name: 'Memory of the server (RSS), MiB',
      key: 'resident_mib',
      digits: 0,
      values: of(both, ({ resident }) => resident / MIB),
    },
    {
      name: 'Reads found in the cache, %',
      key: 'hits_percent',
      digits: 2,
      values: of(both, ({ hitRatio }) => (hitRatio === undefined ? undefined : 100 * hitRatio)),
    },
  ];
  return lines.filter(({ values }) => values.every(Number.isFinite));
}

export function benchText({ options, about, rounds, autocannon }: Bench): string {
  const { connections, keys, valueSize, ratio, duration, rounds: count } = options;
  const reads = Math.round(100 * ratio);
  const load = `${countText(connections)} connections, ${countText(keys)} keys, values of ${countText(valueSize)} bytes, ${reads} % reads and ${100 - reads} % writes.`;
  const lines = linesOf(rounds);
  const cells = lines.map(({ name, digits, values }) => {
    const { median, min, max } = spreadOf(values);
    return [
      name,
      ...[median, min, max].slice(0, count === 1 ? 1 : 3).map((value) => numberText(value, digits)),
    ];
  });
  const both = [...rounds.throughput, ...rounds.latency];
  const sum = (value: (round: RoundCost) => number) => both.reduce((total, round) => total + value(round), 0);
  const header = count === 1 ? ['', 'measured'] : ['', 'median', 'lowest round', 'highest round'];
  const errors = ['Errors (neither 200 nor 404, or no answer)', countText(sum(errorsOf))];
  return [
    `\n${serverText(options, about)}\n${load}\n`,
    `Throughput: as much as the connections can do, by autocannon ${autocannon}.\n`,
    `Latency: at ${countText(rounds.rate)} requests per second${shareText(options)}, from when each was due.\n`,
    `${count} ${count === 1 ? 'round' : 'rounds, in turn,'} of ${duration} s each, ${countText(sum(({ requests }) => requests))} requests in all.\n\n`,
    textTable([header, ...cells, [...errors, ...header.slice(2).map(() => '')]]),
    limitText(rounds.throughput),
  ].join('');
}

/** A key that the cache has no room for is none. */
function errorsOf({ failures, absent }: RoundCost): number {
  return failures - absent;
}

function shareText({ rate }: BenchOptions): string {
  return rate.kind === 'fixed' ? '' : ` (${percent(rate.share)} of the first throughput)`;
}

function serverText({ url, serverFlags }: BenchOptions, about: About | undefined): string {
  const name = about === undefined ? 'A server' : `hotshard ${about.version}`;
  const workers =
    about === undefined ? '' : `, ${about.workers === 1 ? '1 worker' : `${about.workers} workers`}`;
  if (url !== undefined) return `${name} at ${url.host}${workers}.`;
  const flags = serverFlags.length === 0 ? '' : `, ${shownFlags(serverFlags).join(' ')}`;
  return `${name}${workers}${flags}, ${isPinned ? 'on other cores than the load' : 'on the same cores as the load'}.`;
}

/** Without passwords and tokens. */
function shownFlags(flags: readonly string[]): string[] {
  return flags.map((flag, i) => {
    if (/^--[a-z-]*token$/.test(flags[i - 1] ?? '')) return '***';
    return maskSecrets(flag.replace(/^(--[a-z-]*token)=.*/, '$1=***'));
  });
}

/** A note where it was not the server that could not do more. */
function limitText(throughput: readonly RoundCost[]): string {
  const load = spreadOf(throughput.map(({ loadCores }) => loadCores)).median;
  const server = spreadOf(throughput.map(({ serverCores }) => serverCores)).median;
  if (!(load >= BUSY && server < BUSY)) return '';
  return `\nThe load was the limit of the throughput: it used ${percent(load)} of a core, the server ${percent(server)}. Compare CPU time per request.\n`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function numberText(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Contents by name. */
export function benchFiles(bench: Bench): Map<string, string> {
  return new Map([
    ['bench.csv', csvOf(rowsOf(bench), bench.machine)],
    ['bench.json', `${indented(jsonOf(bench))}\n`],
  ]);
}

/** In pairs, as they were measured; what a part does not measure is empty. */
function rowsOf({ options, rounds: { throughput, latency, rate } }: Bench): Row[] {
  const { connections, keys, valueSize, ratio, duration } = options;
  return throughput
    .flatMap((cost, i) => [
      { part: 'throughput', round: i + 1, due_per_second: '', ...figuresOf(cost, undefined) },
      { part: 'latency', round: i + 1, due_per_second: rate, ...figuresOf(latency[i], latency[i].latency) },
    ])
    .map((row) => ({ ...row, connections, keys, value_bytes: valueSize, reads: ratio, seconds: duration }));
}

function figuresOf(cost: RoundCost, latency: LoadRound['latency'] | undefined): Row {
  return {
    requests_per_second: cost.rate.toFixed(0),
    ...latencyCells(latency),
    cpu_us_per_request: fixed(cost.cpu, 2),
    server_cores: fixed(cost.serverCores, 3),
    load_cores: fixed(cost.loadCores, 3),
    resident_bytes: fixed(cost.resident, 0),
    hit_ratio: fixed(cost.hitRatio, 5),
    requests: cost.requests,
    errors: errorsOf(cost),
  };
}

const LATENCY_COLUMNS = ['mean', 'p50', 'p90', 'p95', 'p99', 'p999', 'max'] as const;

function latencyCells(latency: LoadRound['latency'] | undefined): Row {
  return Object.fromEntries(LATENCY_COLUMNS.map((name) => [`${name}_us`, fixed(latency?.[name], 0)]));
}

/** Empty where it is not known. */
function fixed(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? '' : value.toFixed(digits);
}

function jsonOf({ options, about, rounds, autocannon, machine }: Bench): object {
  const { url, token: _token, serverFlags, isStandard, out: _out, ...parameters } = options;
  const summary: Record<string, Spread> = {};
  for (const { key, values } of linesOf(rounds)) summary[key] = spreadOf(values);
  return {
    benchmark: 'bench',
    machine,
    software: { hotshard: about?.version ?? 'unknown', autocannon },
    parameters: {
      ...parameters,
      ...(url === undefined ? { serverFlags: shownFlags(serverFlags), isPinned } : { url: url.href }),
      ...{ workers: about?.workers ?? 'unknown', isStandard },
      due_per_second: rounds.rate,
    },
    summary,
    rounds: rounds.throughput.map((throughput, i) => ({ throughput, latency: rounds.latency[i] })),
  };
}
