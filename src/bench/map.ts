/**
 * `npm run bench:map`: the map alone, on one thread, beside `Map` and lru-cache. Every get is a hit, every set
 * replaces a value. All contenders take turns, round by round, so that what else the machine does meets all of them.
 * Prints a table and writes `results/map.csv` and `results/map.json`.
 */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import yargs from 'yargs';
import { describeMachine, type Machine } from './machine.js';
import { CONTENDER_NAMES, type ContenderName } from './map-contenders.js';
import { OPERATIONS, type Operation, type Order, type Round, type ThreadOptions } from './map-thread.js';

const EXPONENT = 0.99;
const SEED = 1;
const WARM_UP_ROUNDS = 2;
/** What the last column of the table compares with. */
const BASELINE: ContenderName = 'lru-cache, ttl';
const RESULTS = new URL('../../../results/', import.meta.url);

interface Options {
  readonly rounds: number;
  readonly operations: number;
  readonly keys: number;
  readonly valueSize: number;
}

interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

interface Result {
  readonly operation: Operation;
  readonly contender: ContenderName;
  /** Nanoseconds per operation. */
  readonly wall: Spread;
  readonly cpu: Spread;
}

const options = readOptions();
const machine = describeMachine();
const results = await measure(options);
process.stdout.write(table(options, machine, results));
write(options, machine, results);

function readOptions(): Options {
  const count = (describe: string, value: number) =>
    ({ type: 'number', describe, default: value, requiresArg: true }) as const;
  const given = yargs(process.argv.slice(2))
    .scriptName('npm run bench:map --')
    .usage('$0 [flags]')
    .options({
      rounds: count('measured rounds per contender and operation', 7),
      operations: count('operations per round', 500_000),
      keys: count('keys held', 100_000),
      'value-size': count('bytes per value', 35),
    })
    .version(false)
    .strict()
    .check((flags) => {
      for (const name of ['rounds', 'operations', 'keys', 'value-size'] as const) {
        const value = flags[name];
        if (!Number.isSafeInteger(value) || value < 1) {
          throw new Error(`--${name} must be a whole number of at least 1`);
        }
      }
      return true;
    })
    .parseSync();
  const { rounds, operations, keys } = given;
  return { rounds, operations, keys, valueSize: given['value-size'] };
}

async function measure({ rounds, ...rest }: Options): Promise<Result[]> {
  const threads = new Map<ContenderName, Worker>();
  for (const contender of CONTENDER_NAMES) {
    threads.set(contender, await start({ contender, exponent: EXPONENT, seed: SEED, ...rest }));
  }
  const results: Result[] = [];
  for (const operation of OPERATIONS) {
    const measured = new Map<ContenderName, Round[]>(CONTENDER_NAMES.map((name) => [name, []]));
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      for (const [contender, thread] of threads) {
        const result = await ask(thread, operation);
        if (round >= 0) measured.get(contender)?.push(result as Round);
      }
    }
    for (const thread of threads.values()) await ask(thread, 'check');
    for (const [contender, all] of measured) {
      results.push({
        operation,
        contender,
        wall: spread(all.map(({ wall }) => wall)),
        cpu: spread(all.map(({ cpu }) => cpu)),
      });
    }
  }
  await Promise.all([...threads.values()].map((thread) => thread.terminate()));
  return results;
}

/** Resolves when the contender's map is filled and checked; rejects when it is wrong. */
async function start(options: ThreadOptions): Promise<Worker> {
  const thread = new Worker(new URL('./map-thread.js', import.meta.url), { workerData: options });
  await once(thread, 'message');
  return thread;
}

async function ask(thread: Worker, order: Order): Promise<unknown> {
  const answer = once(thread, 'message');
  thread.postMessage(order);
  const [reply] = await answer;
  return reply;
}

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  };
}

/** Millions of operations per second. The shortest time is the highest rate. */
function rateOf({ median, min, max }: Spread): Spread {
  return { median: 1000 / median, min: 1000 / max, max: 1000 / min };
}

function table(options: Options, machine: Machine, results: readonly Result[]): string {
  const header = ['', 'contender', 'M ops/s', 'min to max', 'CPU ns/op', 'min to max', `× ${BASELINE}`];
  const rows = results.map(({ operation, contender, wall, cpu }) => {
    const rate = rateOf(wall);
    const baseline = results.find((one) => one.operation === operation && one.contender === BASELINE);
    return [
      operation,
      contender,
      rate.median.toFixed(1),
      `${rate.min.toFixed(1)} to ${rate.max.toFixed(1)}`,
      cpu.median.toFixed(0),
      `${cpu.min.toFixed(0)} to ${cpu.max.toFixed(0)}`,
      ((baseline?.cpu.median ?? Number.NaN) / cpu.median).toFixed(2),
    ];
  });
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const { rounds, operations, keys, valueSize } = options;
  return [
    `${keys} UUID keys, ${valueSize}-byte values, Zipf ${EXPONENT}; ${rounds} rounds of ${operations} operations`,
    `Node ${machine.node}, ${machine.cpu}, ${machine.cpus} CPUs, ${machine.platform}; load ${machine.load}`,
    '',
    line(header),
    ...rows.map(line),
    '',
    `Medians. The last column compares CPU time: above 1 is less of it than ${BASELINE} takes.`,
    '',
  ].join('\n');
}

function write(options: Options, machine: Machine, results: readonly Result[]): void {
  mkdirSync(RESULTS, { recursive: true });
  const parameters = { ...options, distribution: 'zipf', exponent: EXPONENT, seed: SEED };
  const json = { benchmark: 'map', machine, parameters, unit: 'nanoseconds per operation', results };
  writeFileSync(new URL('map.json', RESULTS), `${JSON.stringify(json, null, 2)}\n`);

  const columns = ['median', 'min', 'max'] as const;
  const header = [
    'operation',
    'contender',
    ...columns.map((name) => `wall_ns_${name}`),
    ...columns.map((name) => `cpu_ns_${name}`),
    'rounds',
    'operations',
    'keys',
    'value_size',
    'node',
    'cpu',
    'date',
    'commit',
  ];
  const { rounds, operations, keys, valueSize } = options;
  const { node, cpu: processor, date, commit } = machine;
  const rows = results.map(({ operation, contender, wall, cpu }) => [
    operation,
    contender,
    ...columns.map((name) => wall[name].toFixed(2)),
    ...columns.map((name) => cpu[name].toFixed(2)),
    ...[rounds, operations, keys, valueSize, node, processor, date, commit],
  ]);
  const csv = [header, ...rows].map((row) => row.map((cell) => quoted(String(cell))).join(','));
  writeFileSync(new URL('map.csv', RESULTS), `${csv.join('\n')}\n`);
}

function quoted(cell: string): string {
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
