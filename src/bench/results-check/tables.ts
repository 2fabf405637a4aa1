/** The tables of the READMEs that are made from CSV files: what each consists of, and how a text gets them. */
import type { CsvRow } from '../csv-table.js';
import type { ReadCsv } from './csv.js';
import { printedAs } from './printed.js';
import { ask } from './query.js';

/** `{query : digits}` in it stands for what the CSV file answers; in the query, `$` for the conditions of the row. */
type Template = string;

interface ResultTable {
  /** From the root of the repository. */
  readonly csv: string;
  /** The first column has the labels of the rows. */
  readonly label: string;
  readonly columns: Readonly<Record<string, Template>>;
  /** Conditions by label; labels are templates, too. */
  readonly rows: (rows: readonly CsvRow[]) => Readonly<Record<Template, string>>;
}

/** Millions a second, by the time that one takes: the median, and in brackets from the slowest round to the fastest. */
function mapRate(operation: string): Template {
  const rate = (aggregate: string) => `{1000 / ${aggregate} wall_ns where operation=${operation}, $ : 1}`;
  return `${rate('median')} (${rate('max')} to ${rate('min')})`;
}

function mapCpu(operation: string): Template {
  const time = (aggregate: string) => `{${aggregate} cpu_ns where operation=${operation}, $ : 0}`;
  return `${time('median')} (${time('min')} to ${time('max')})`;
}

/** A median over the rounds, without decimals unless said otherwise. */
function medianOf(column: string, digits = 0): Template {
  return `{median ${column} where $ : ${digits}}`;
}

function maxOf(column: string): Template {
  return `{max ${column} where $ : 0}`;
}

const RATE = { 'requests/s': medianOf('requests_per_second') };
const CPU = { 'CPU µs per request': medianOf('cpu_us_per_request', 1) };
const LATENCIES = { 'p50 µs': medianOf('p50_us'), 'p99 µs': medianOf('p99_us') };

/** hotshard and its peers in one section: ratios are of rounds that were measured together. */
function contest(
  csv: string,
  cpu: string,
  columns: ResultTable['columns'],
  label = 'contender',
  cases: readonly string[] = ['value_bytes'],
): ResultTable {
  const own = `${cpu} where contender=hotshard`;
  return {
    csv,
    label,
    columns: {
      ...RATE,
      ...columns,
      'CPU µs per request': medianOf(cpu, 1),
      'times hotshard': `{median by round ${cases.join(' ')} (the ${cpu} where $ / the ${own}) : 2}`,
    },
    rows: eachOf('contender'),
  };
}

/** Of a contender, in tables with a column for each. */
function besides(column: string, contender: string, digits: number): Template {
  return `{median ${column} where contender='${contender}', $ : ${digits}}`;
}

/** By rounds that were measured together. */
function ratio(column: string, one: string, other: string): Template {
  return `{median by round (the ${column} where contender='${one}', $ / the ${column} where contender='${other}', $) : 2}`;
}

/** From the beginning of the trend to its end. */
function trendOf(figure: string, by = ''): Template {
  return `{the first where $, figure=${figure}${by} : 0} to {the last where $, figure=${figure}${by} : 0}`;
}

/** CPU time with telemetry by that without, of rounds that were measured together. */
function onByOff(aggregate: string): Template {
  const cpu = (telemetry: string) => `the cpu_us_per_request where telemetry='${telemetry}', $`;
  return `{${aggregate} by round (${cpu('on')} / ${cpu('off')}) : 3}`;
}

/** By name, as the comment before the table calls it. */
const TABLES: Readonly<Record<string, ResultTable>> = {
  'map.contenders': {
    csv: 'results/map-contenders.csv',
    label: 'contender',
    columns: {
      'M get/s': mapRate('get'),
      'CPU ns/get': mapCpu('get'),
      'CPU ns/miss': mapCpu('miss'),
      'M set/s': mapRate('set'),
      'CPU ns/set': mapCpu('set'),
    },
    rows: eachOf('contender'),
  },
  'http.plain': contest('results/http-plain.csv', 'cpu_us_per_request', LATENCIES, 'server'),
  'http.pipelined': contest('results/http-pipelined.csv', 'cpu_us_per_request', {}),
  'http.values': {
    ...contest('results/http-values.csv', 'cpu_us_per_request', LATENCIES),
    rows: eachOf('contender', 'value_bytes'),
  },
  'http.connections': contest('results/http-connections.csv', 'cpu_us_per_request', LATENCIES),
  'http.http2': {
    ...contest('results/http-http2.csv', 'cpu_us_per_request', LATENCIES, 'server, requests, at once', [
      'kind',
      'depth',
    ]),
    rows: eachOf('contender', 'kind', 'depth'),
  },
  peers: contest('results/peers.csv', 'total_cpu_us_per_request', LATENCIES),
  'connections.lookup': {
    csv: 'results/connections-lookup.csv',
    label: 'request, connections',
    columns: {
      ...RATE,
      ...{ 'p50 µs': medianOf('p50_us'), 'p75 µs': medianOf('p75_us') },
      ...{ 'p90 µs': medianOf('p90_us'), 'p99 µs': medianOf('p99_us') },
      ...CPU,
    },
    rows: eachOf('kind', 'connections'),
  },
  'scaling.workers': {
    csv: 'results/scaling-workers.csv',
    label: 'workers',
    columns: { ...RATE, ...CPU, 'cores used': medianOf('server_cores', 2) },
    rows: eachOf('workers'),
  },
  'scaling.keys': {
    csv: 'results/scaling-keys.csv',
    label: 'keys',
    columns: {
      ...{ ...RATE, 'p99 µs': medianOf('p99_us'), ...CPU },
      'start, s': medianOf('start_seconds', 2),
      'resident MB': '{median resident_bytes where $ / 1000000 : 0}',
    },
    rows: eachOf('keys'),
  },
  'scaling.values': {
    csv: 'results/scaling-values.csv',
    label: 'bytes',
    columns: { ...RATE, 'MB/s': medianOf('megabytes_per_second'), ...LATENCIES, ...CPU },
    rows: eachOf('value_size'),
  },
  'scaling.connections': {
    csv: 'results/scaling-connections.csv',
    label: 'activity, connections',
    columns: {
      ...{ ...RATE, ...LATENCIES, ...CPU },
      'grown MB':
        '{(median resident_peak_bytes where $ - median resident_before_bytes where $) / 1000000 : 1}',
    },
    rows: eachOf('activity', 'connections'),
  },
  'scaling.memory': {
    csv: 'results/scaling-memory.csv',
    label: '`--max-memory`, keys',
    columns: {
      'keys held': medianOf('held_keys'),
      'keys and values MB': '{median payload_bytes where $ / 1000000 : 1}',
      '`bytesUsed` MB': '{median used_bytes where $ / 1000000 : 1}',
      'resident MB': '{median resident_bytes where $ / 1000000 : 0}',
    },
    rows: eachOf('max_memory', 'keys'),
  },
  'resp.one-core': {
    csv: 'results/resp-one-core.csv',
    label: 'operation, at once',
    columns: {
      'operations/s': besides('operations_per_second', 'hotshard', 0),
      'Redis, operations/s': besides('operations_per_second', 'Redis', 0),
      'CPU µs': besides('cpu_us_per_operation', 'hotshard', 2),
      'Redis, CPU µs': besides('cpu_us_per_operation', 'Redis', 2),
      'per core, times Redis': ratio('cpu_us_per_operation', 'Redis', 'hotshard'),
      ...{ 'p99 µs': besides('p99_us', 'hotshard', 0), 'Redis, p99 µs': besides('p99_us', 'Redis', 0) },
    },
    rows: eachOf('operation', 'depth'),
  },
  'resp.two-cores': {
    csv: 'results/resp-two-cores.csv',
    label: 'operation, at once',
    columns: {
      'operations/s': besides('operations_per_second', 'hotshard', 0),
      'Redis, operations/s': besides('operations_per_second', 'Redis', 0),
      'times Redis': ratio('operations_per_second', 'hotshard', 'Redis'),
      'Redis with io-threads 2, operations/s': besides('operations_per_second', 'Redis, io-threads 2', 0),
      'times that': ratio('operations_per_second', 'hotshard', 'Redis, io-threads 2'),
    },
    rows: eachOf('operation', 'depth'),
  },
  'limits.concurrency': {
    csv: 'results/limits-concurrency.csv',
    label: 'misses at once',
    columns: {
      'most at the store': '{max most_at_store where $ : 0}',
      answered: medianOf('answered'),
      'refused at once': medianOf('refused'),
      'longest ms': '{max longest_us where $ / 1000 : 0}',
      'hits answered': medianOf('hits_answered'),
      'hits refused': medianOf('hits_refused'),
      ...{ 'hits p50 µs': medianOf('hits_p50_us'), 'hits p99 µs': medianOf('hits_p99_us') },
      'longest hit, ms': '{max hits_max_us where $ / 1000 : 0}',
    },
    rows: eachOf('misses_at_once'),
  },
  'limits.rate': {
    csv: 'results/limits-rate.csv',
    label: 'addresses',
    columns: {
      'offered/s': medianOf('offered_per_second'),
      'limit/s': medianOf('limit_per_second'),
      'admitted/s': medianOf('admitted_per_second'),
      admitted: medianOf('admitted'),
      'at most': medianOf('bound'),
      'refused: 429': medianOf('refused'),
    },
    rows: eachOf('addresses'),
  },
  soak: {
    csv: 'results/soak.csv',
    label: 'phase',
    columns: {
      'operations/s': '{median operations_per_second where $, settled=1 : 0}',
      'p99 µs': '{median p99_us where $, settled=1 : 0}',
      'right reads': maxOf('right'),
      writes: maxOf('written'),
      'workers killed': maxOf('worker_restarts'),
      'outages of Redis': maxOf('redis_outages'),
      evictions: maxOf('evictions'),
      ...{ refused: maxOf('refused'), 'connections lost': maxOf('cut'), 'wrong reads': maxOf('wrong') },
    },
    rows: eachOf('phase'),
  },
  'soak.growth': {
    csv: 'results/soak-growth.csv',
    label: 'phase',
    columns: {
      'resident MB': trendOf('residentBytes', ' / 1000000'),
      'that is borne': '{the tolerance where $, figure=residentBytes / 1000000 : 0}',
      'open files': trendOf('openFiles'),
      threads: trendOf('threads'),
      'CPU µs per operation': trendOf('cpuMicroseconds'),
      'p99 µs': trendOf('p99Microseconds'),
      'grown too much': '{sum too_much where $ : 0}',
    },
    rows: eachOf('phase'),
  },
  'telemetry.server': {
    csv: 'results/telemetry-server.csv',
    label: 'protocol',
    columns: {
      'with, CPU µs per request': "{median cpu_us_per_request where telemetry='on', $ : 2}",
      'without, CPU µs per request': "{median cpu_us_per_request where telemetry='off', $ : 2}",
      ratio: onByOff('median'),
      'from, to': `${onByOff('min')} to ${onByOff('max')}`,
    },
    rows: eachOf('protocol'),
  },
  'redis.compare': {
    csv: 'results/redis-compare.csv',
    label: 'server',
    columns: {
      'requests/s': '{median requests_per_second where $ : 0}',
      'p50 µs': '{median p50_us where $ : 0}',
      'p99 µs': '{median p99_us where $ : 0}',
      'CPU µs per request': '{median cpu_us_per_request where $ : 1}',
    },
    rows: () => ({
      'hotshard, without Redis': "mix=80/20, contender='hotshard'",
      'hotshard, with Redis ({100 * median hit_ratio where $ : 2} % hits)':
        "mix=80/20, contender='hotshard + Redis'",
      Webdis: 'mix=80/20, contender=Webdis',
      'node:http and ioredis, passing through': "mix=80/20, contender='ioredis pass-through'",
      'hotshard, without Redis, reads alone': 'mix=reads, contender=hotshard',
      'hotshard, with Redis, reads alone': "mix=reads, contender='hotshard + Redis'",
      'hotshard, without Redis, writes alone': 'mix=writes, contender=hotshard',
      'hotshard, with Redis, writes alone': "mix=writes, contender='hotshard + Redis'",
    }),
  },
};

/** A row for each combination of what is in these columns, in the order of the file. */
function eachOf(...columns: readonly string[]) {
  return (rows: readonly CsvRow[]) =>
    Object.fromEntries(
      rows.map((row) => {
        const values = columns.map((column) => row.text(column));
        const conditions = columns.map((column, i) => `${column}='${values[i]}'`);
        return [values.map(withSeparators).join(', '), conditions.join(', ')];
      }),
    );
}

function withSeparators(value: string): string {
  return /^\d+$/.test(value) ? printedAs(Number(value), 0) : value;
}

/** As Markdown, without a line feed at its end. @throws {Error} when there is no table of that name, or no such figures */
export function tableOf(name: string, read: ReadCsv): string {
  const known = TABLES[name];
  if (known === undefined) throw new Error(`only these are known: ${Object.keys(TABLES).join(', ')}`);
  const csv = read(known.csv);
  const filled = (template: Template, conditions: string) =>
    template.replaceAll(/\{([^{}]+) : (\d)\}/g, (_, query: string, digits: string) => {
      const value = ask(query.replaceAll('$', conditions), csv);
      return typeof value === 'string' ? value : printedAs(value, Number(digits));
    });
  const rows = Object.entries(known.rows(csv)).map(([label, conditions]) =>
    [label, ...Object.values(known.columns)].map((template) => filled(template, conditions)),
  );
  const header = [known.label, ...Object.keys(known.columns)];
  const line = header.map((_, i) => (i === 0 ? '---' : '--:'));
  return [header, line, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The text with all tables made anew. @throws {Error} as {@link tableOf} */
export function withTables(text: string, read: ReadCsv): string {
  return text.replaceAll(
    /(<!-- results: ([\w.-]+) -->\n)[\s\S]*?(<!-- \/results -->)/g,
    (_, begin: string, name: string, end: string) => `${begin}${tableOf(name, read)}\n${end}`,
  );
}
