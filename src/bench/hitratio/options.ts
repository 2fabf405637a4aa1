/** What `bench:hitratio` can be told. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { parseFlags, someOf, textFlag, upTo99 } from '../flags.js';
import { GENERATED_NAMES } from './generate.js';
import { CONTENDER_NAMES, type ContenderName } from './measure.js';
import type { Source } from './thread.js';
import { TRACE_SUFFIX } from './trace.js';

export interface Options {
  readonly sources: readonly Source[];
  readonly contenders: readonly ContenderName[];
  /** Of the keys. */
  readonly shares: readonly number[];
  /** Of each trace's requests; from 0 to 1. */
  readonly length: number;
  readonly threads: number;
  /** Everything is measured, with every contender: the results are worth keeping. */
  readonly isComplete: boolean;
  /** Why there are no real traces, where that is so. */
  readonly note: string | undefined;
}

/** The sizes of the table. */
export const TABLE_SHARES = [0.01, 0.05, 0.1, 0.25] as const;
/** The sizes of the curves. */
const CURVE_SHARES = [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5] as const;
const QUICK_LENGTH = 0.2;

const DEFAULT_TRACES = fileURLToPath(new URL('../../../../../shared/traces', import.meta.url));
const DESCRIPTION = 'the format is described in src/bench/hitratio/trace.ts';

const FLAGS = z.object({
  traces: z.string().min(1).optional(),
  only: z
    .string()
    .transform((text) => text.split(',').map((item) => item.trim()))
    .optional(),
  policies: someOf(CONTENDER_NAMES).optional(),
  threads: upTo99,
  quick: z.boolean(),
});

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseOptions(args: readonly string[]): Options {
  const { traces, only, policies, threads, quick } = parseFlags(args, {
    script: 'bench:hitratio',
    flags: {
      traces: textFlag('folder of trace files; without it, ../shared/traces beside the repository'),
      only: textFlag('traces to run, by name, with commas between them'),
      policies: textFlag('contenders to run, by name, with commas between them'),
      threads: { ...textFlag('traces that are run at the same time'), default: '2' },
      quick: { type: 'boolean', describe: 'a fifth of each trace, fewer sizes', default: false },
    },
    schema: FLAGS,
  });
  const { sources, note } = sourcesIn(traces);
  return {
    sources: only === undefined ? sources : chosen(sources, only),
    contenders: policies ?? CONTENDER_NAMES,
    shares: quick ? TABLE_SHARES : CURVE_SHARES,
    length: quick ? QUICK_LENGTH : 1,
    threads,
    isComplete: only === undefined && policies === undefined && !quick,
    note,
  };
}

function sourcesIn(folder: string | undefined): { sources: Source[]; note: string | undefined } {
  const generated = GENERATED_NAMES.map((name) => ({ kind: 'generated', name }) as const);
  const path = folder ?? DEFAULT_TRACES;
  if (!existsSync(path)) {
    if (folder !== undefined) throw new Error(`--traces: there is no ${folder}`);
    return {
      sources: generated,
      note: `No real traces, only generated ones: name a folder with --traces; ${DESCRIPTION}.`,
    };
  }
  const names = readdirSync(path)
    .filter((name) => name.endsWith(TRACE_SUFFIX))
    .sort();
  if (folder !== undefined && names.length === 0) {
    throw new Error(`--traces: ${folder} has no files that end in ${TRACE_SUFFIX}; ${DESCRIPTION}`);
  }
  const real = names.map(
    (name) => ({ kind: 'real', name: name.slice(0, -TRACE_SUFFIX.length), path: join(path, name) }) as const,
  );
  return { sources: [...real, ...generated], note: undefined };
}

function chosen(sources: readonly Source[], only: readonly string[]): Source[] {
  for (const name of only) {
    if (sources.some((source) => source.name === name)) continue;
    throw new Error(`--only: there is no "${name}", only ${sources.map((source) => source.name).join(', ')}`);
  }
  return sources.filter(({ name }) => only.includes(name));
}
