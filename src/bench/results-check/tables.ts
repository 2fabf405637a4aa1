/** The tables of the READMEs that are made from CSV files: what each consists of, and how a text gets them. */
import type { CsvTable, ReadCsv } from './csv.js';
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
  readonly rows: (table: CsvTable) => Readonly<Record<Template, string>>;
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

/** A row for each value of a column, in the order of the file. */
function eachOf(column: string) {
  return ({ rows }: CsvTable) =>
    Object.fromEntries(
      [...new Set(rows.map((row) => row[column] ?? ''))].map((value) => [value, `${column}='${value}'`]),
    );
}

/** As Markdown, without a line feed at its end. @throws {Error} when there is no table of that name, or no such figures */
export function tableOf(name: string, read: ReadCsv): string {
  const known = TABLES[name];
  if (known === undefined) throw new Error(`only these are known: ${Object.keys(TABLES).join(', ')}`);
  const table = read(known.csv);
  const filled = (template: Template, conditions: string) =>
    template.replaceAll(/\{([^{}]+) : (\d)\}/g, (_, query: string, digits: string) => {
      const value = ask(query.replaceAll('$', conditions), table);
      return typeof value === 'string' ? value : printedAs(value, Number(digits));
    });
  const rows = Object.entries(known.rows(table)).map(([label, conditions]) =>
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
