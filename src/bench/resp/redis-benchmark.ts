/**
 * redis-benchmark as a load: so many operations of one kind, by connections that send several at once.
 *
 * Its own `--threads` look at the clock four times a second only to see whether they are done, which would be a tenth of a
 * round; so there are several of its processes where one can't use all cores.
 */
import { once } from 'node:events';
import { z } from 'zod';
import type { Answers } from '../load/orders.js';
import { endProcess, type Start, startProcess } from '../load/pinned.js';
import type { TestName } from './options.js';

export interface BenchmarkOrder {
  readonly port: number;
  readonly test: TestName;
  /** Of all processes together, like connections. */
  readonly operations: number;
  readonly connections: number;
  /** Operations that a connection sends at once. */
  readonly depth: number;
  /** Out of how many keys each is drawn. */
  readonly keys: number;
  /** Bytes. */
  readonly valueSize: number;
  readonly processes: number;
  readonly core: Start['core'];
}

/** Milliseconds: it never gives up a server that is gone. */
const PATIENCE = 120_000;

const { NaN: none } = Number;

/** One as it was measured by one process. */
export interface Measured {
  /** Operations per second. */
  readonly rate: number;
  /** Microseconds. */
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * Where there are several processes, the time is that of the slowest, and so is each percentile.
 *
 * @throws {Error} when an operation is answered by an error, or the server is gone
 */
export async function redisBenchmark(order: BenchmarkOrder): Promise<Answers> {
  const { processes, core } = order;
  const [connections, operations] = [order.connections, order.operations].map((all) =>
    Math.ceil(all / processes),
  );
  const args = argumentsOf({ ...order, connections, operations });
  const outputs = await Promise.all(Array.from({ length: processes }, () => outputOf(args, core)));
  const all = outputs.map(parseBenchmark);
  const worst = (measure: Exclude<keyof Measured, 'rate'>) => Math.max(...all.map((one) => one[measure]));
  const requests = operations * processes;
  return {
    seconds: Math.max(...all.map(({ rate }) => operations / rate)),
    requests,
    // It ends with the first error.
    statuses: { 200: requests },
    cpu: none,
    latency: {
      ...{ mean: worst('mean'), p50: worst('p50'), p75: none, p90: none },
      ...{ p95: worst('p95'), p99: worst('p99'), p999: none, max: worst('max') },
    },
  };
}

function argumentsOf({
  port,
  test,
  operations,
  connections,
  depth,
  keys,
  valueSize,
}: BenchmarkOrder): string[] {
  const flags = {
    ...{ '-h': '127.0.0.1', '-p': port, '-t': test, '-n': operations },
    ...{ '-c': connections, '-P': depth, '-r': keys, '-d': valueSize },
  };
  return [...Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)]), '--csv'];
}

async function outputOf(args: readonly string[], core: Start['core']): Promise<string> {
  const child = startProcess({ core, command: 'redis-benchmark', args, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
  }
  const impatient = setTimeout(() => void endProcess(child, 'SIGKILL'), PATIENCE);
  try {
    await once(child, 'close');
  } finally {
    clearTimeout(impatient);
  }
  return output;
}

/** Milliseconds as microseconds. */
const time = z.coerce
  .number()
  .nonnegative()
  .transform((milliseconds) => Math.round(milliseconds * 1000));
const LINE = z.tuple([
  ...[z.string(), z.coerce.number().positive()],
  ...[time, time, time, time, time, time],
] as const);

/**
 * @param output all that it has printed with `--csv`, of one test
 * @throws {Error} with that output when the line of a test is not there
 */
export function parseBenchmark(output: string): Measured {
  const lines = output.split('\n').filter((line) => line.startsWith('"') && !line.startsWith('"test"'));
  const { data } = LINE.safeParse(lines[0]?.split(',').map((cell) => cell.replaceAll('"', '')));
  if (data === undefined) {
    throw new Error(`redis-benchmark did not say what it measured: ${output.trim()}`);
  }
  const [, rate, mean, , p50, p95, p99, max] = data;
  return { rate, mean, p50, p95, p99, max };
}
