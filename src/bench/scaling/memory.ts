/**
 * Resident memory of a server by the number of keys: with memory for all of them, and with the default of
 * `--max-memory`, which is a promise: what the process may come to is known before it has any keys.
 */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadScale } from '../load/options.js';
import { type RunningServer, startHotshard } from '../load/server.js';
import type { Report } from '../sections.js';
import { measureSweep, type Point, sweepRows, sweepTable } from '../sweep.js';
import { countText } from '../text-table.js';
import { randomNumbers } from '../zipf.js';
import { writeLines } from './data-files.js';
import { fitting } from './room.js';

const MIB = 1024 * 1024;
/** What a process takes without any is measured first. */
const COUNTS = [0, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
const QUICK_COUNTS = [0, 1_000];
/** Of the map: the default, and one that has room for all keys. */
const LIMITS = [256 * MIB, 2048 * MIB];
const QUICK_LIMITS = [256 * MIB];
/** Of the machine, beside the map. */
const ROOM = 512 * MIB;

const SEED = 13;
const SHORTEST_VALUE = 10;
const LONGEST_VALUE = 50;
const TEXT = 'abcdefghijklmnopqrstuvwxyz'.repeat(4);

interface MemoryRound {
  /** Resident memory of the process, in bytes; NaN where the system does not tell. */
  readonly resident: number;
  /** Of keys and values that were handed over, in bytes. */
  readonly payload: number;
  /** Keys that the map took: all of them, unless it was full. */
  readonly held: number;
  /** As `/stats` has it: of entries with their headers, in bytes. */
  readonly bytesUsed: number;
}

export interface MemoryResult {
  readonly skipped: readonly string[];
  readonly results: readonly { readonly rounds: readonly MemoryRound[] }[];
}

export async function measureMemory({ rounds, quick }: LoadScale): Promise<Report<MemoryResult>> {
  const { stops: limits, skipped } = fitting(quick ? QUICK_LIMITS : LIMITS, (limit) => ({
    name: `--max-memory ${limit / MIB}mb`,
    bytes: limit + ROOM,
  }));
  const stops = limits.flatMap((limit) =>
    (quick ? QUICK_COUNTS : COUNTS).map((keys) => ({
      labels: { max_memory: limit, keys, shortest_value: SHORTEST_VALUE, longest_value: LONGEST_VALUE },
      measure: () => measureFilled(limit, keys),
    })),
  );
  return reportOf(await measureSweep('memory', stops, rounds, 0), skipped);
}

/** Fills it through a named pipe: of a regular file it would keep an index, too. */
async function measureFilled(limit: number, keys: number): Promise<MemoryRound> {
  const folder = mkdtempSync(join(tmpdir(), 'hotshard-scaling-'));
  const pipe = join(folder, 'pipe');
  if (spawnSync('mkfifo', [pipe]).status !== 0) throw new Error(`mkfifo ${pipe} failed`);
  try {
    const written = writeEntries(pipe, keys);
    written.catch(() => {}); // told where it is awaited
    const flags = ['--workers', '1', '--log-level', 'warn', '--max-memory', String(limit), '--load', pipe];
    const server = await startHotshard(flags);
    try {
      const payload = await written;
      const { keys: held, bytesUsed } = await statsOf(server);
      return { resident: server.residentMemory() ?? Number.NaN, payload, held, bytesUsed };
    } finally {
      await server.stop();
    }
  } finally {
    letGo(pipe);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ends the wait of a writer that nobody reads from: this process could not end before. */
function letGo(pipe: string): void {
  closeSync(openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK));
}

/** Resolves with the bytes of keys and values. */
async function writeEntries(path: string, keys: number): Promise<number> {
  const random = randomNumbers(SEED);
  let payload = 0;
  await writeLines(path, keys, (index) => {
    const length = SHORTEST_VALUE + Math.floor(random() * (LONGEST_VALUE - SHORTEST_VALUE + 1));
    const key = randomUUID();
    payload += key.length + length;
    return `${key} ${TEXT.slice(index % 26, (index % 26) + length)}\n`;
  });
  return payload;
}

interface Stats {
  readonly keys: number;
  readonly bytesUsed: number;
}

async function statsOf({ port }: RunningServer): Promise<Stats> {
  const answer = await fetch(`http://127.0.0.1:${port}/stats`);
  return (await answer.json()) as Stats;
}

function reportOf(points: readonly Point<MemoryRound>[], skipped: readonly string[]): Report<MemoryResult> {
  const megabytes = (bytes: number) => bytes / 1e6;
  return {
    result: { skipped, results: points.map(({ labels, rounds }) => ({ ...labels, rounds })) },
    rows: sweepRows(points, ({ resident, payload, held, bytesUsed }) => ({
      held_keys: held,
      payload_bytes: payload,
      used_bytes: bytesUsed,
      resident_bytes: resident,
    })),
    text: [
      `One worker, UUID keys, values of ${SHORTEST_VALUE} to ${LONGEST_VALUE} bytes; medians.\n\n`,
      sweepTable(
        points,
        {
          '--max-memory': (labels) => `${Number(labels.max_memory) / MIB} MiB`,
          keys: ({ keys }) => countText(Number(keys)),
        },
        [
          { title: 'keys held', of: ({ held }) => held, digits: 0 },
          { title: 'keys and values MB', of: ({ payload }) => megabytes(payload), digits: 1 },
          { title: 'bytesUsed MB', of: ({ bytesUsed }) => megabytes(bytesUsed), digits: 1 },
          { title: 'resident MB', of: ({ resident }) => megabytes(resident), digits: 1, hasRange: true },
        ],
      ),
      ...skipped.map((text) => `Left out: ${text}\n`),
    ].join(''),
  };
}
