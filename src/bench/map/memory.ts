/** Section "memory": what a million small entries take. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { alternate } from '../alternate.js';
import type { Row } from '../files.js';
import { type Spread, spreadOf } from '../spread.js';
import { countText, range, textTable } from '../text-table.js';
import { MEMORY_NAMES, type MemoryName, type MemoryRound } from './memory-process.js';
import type { Report, Scale } from './section.js';

export interface MemoryLine {
  readonly contender: MemoryName;
  /** Bytes by which the process grew. */
  readonly grown: Spread;
  /** The least of all rounds. */
  readonly found: number;
  /** The most of all rounds; of hotshard only. */
  readonly allocated?: number;
  readonly bytesUsed?: number;
  readonly evictions?: number;
  readonly rounds: readonly MemoryRound[];
}

export interface MemoryResult {
  readonly entries: number;
  /** Bytes of all keys and values. */
  readonly payload: number;
  readonly results: readonly MemoryLine[];
}

const ENTRIES = 1_000_000;
/** It hardly varies, and takes seconds. */
const ROUNDS = 3;
const PATIENCE = 60_000;

export async function measureMemory({ rounds, quick }: Scale): Promise<Report<MemoryResult>> {
  const entries = quick ? ENTRIES / 10 : ENTRIES;
  const subjects = new Map(MEMORY_NAMES.map((name) => [name, () => measureOne(name, entries)] as const));
  const measured = await alternate(subjects, Math.min(ROUNDS, rounds), 0, 'memory');
  const results = [...measured].map(([contender, all]) => lineOf(contender, all));
  const result = { entries, payload: results[0]?.rounds[0]?.payload ?? 0, results };
  return { result, rows: results.flatMap(rowsOf), text: memoryText(result) };
}

/** In a process of its own: what another map left behind does not count. */
async function measureOne(contender: MemoryName, entries: number): Promise<MemoryRound> {
  const child = fork(new URL('./memory-process.js', import.meta.url), [contender, String(entries)], {
    execArgv: ['--expose-gc'],
    timeout: PATIENCE,
  });
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`memory of ${contender}: the process ended with ${code ?? signal} and without a figure`);
  });
  const [round] = await Promise.race([once(child, 'message'), ended]);
  child.disconnect();
  ended.catch(() => undefined);
  return round as MemoryRound;
}

export function lineOf(contender: MemoryName, rounds: readonly MemoryRound[]): MemoryLine {
  const most = (of: 'allocated' | 'bytesUsed' | 'evictions') =>
    Math.max(...rounds.map(({ cache }) => cache?.[of] ?? 0));
  return {
    contender,
    grown: spreadOf(rounds.map(({ grown }) => grown)),
    found: Math.min(...rounds.map(({ found }) => found)),
    ...(rounds[0]?.cache && {
      ...{ allocated: most('allocated'), bytesUsed: most('bytesUsed'), evictions: most('evictions') },
    }),
    rounds,
  };
}

function rowsOf({ contender, rounds }: MemoryLine): Row[] {
  return rounds.map(({ grown, found, cache }, i) => ({
    ...{ contender, round: i + 1, grown_bytes: grown, found },
    allocated_bytes: cache?.allocated ?? '',
    bytes_used: cache?.bytesUsed ?? '',
    evictions: cache?.evictions ?? '',
  }));
}

export function memoryText({ entries, payload, results }: MemoryResult): string {
  const header = [
    'contender',
    'grown: MB',
    'min to max',
    'found',
    'allocated: MB',
    'entries: MB',
    'evictions',
  ];
  const megabytes = (bytes: number | undefined) => (bytes === undefined ? '-' : (bytes / 1e6).toFixed(1));
  const rows = results.map(({ contender, grown, found, allocated, bytesUsed, evictions }) => [
    contender,
    megabytes(grown.median),
    range({ median: grown.median, min: grown.min / 1e6, max: grown.max / 1e6 }, 1),
    countText(found),
    megabytes(allocated),
    megabytes(bytesUsed),
    evictions === undefined ? '-' : countText(evictions),
  ]);
  return [
    `${countText(entries)} UUID keys with values of 10 to 50 bytes, ${megabytes(payload)} MB of them in all; each in a process of its own.\n`,
    'Growth of its resident memory after garbage collection. MB are 1,000,000 bytes.\n\n',
    textTable([header, ...rows]),
  ].join('');
}
