/** A benchmark that consists of sections: what each of them hands over, and the flags that choose among them. */
import { z } from 'zod';
import type { Row } from './files.js';
import { folder, someOf, textFlag, upTo99 } from './flags.js';

/** How much of it is measured. */
export interface Scale {
  /** Measured rounds; those to warm up come before. */
  readonly rounds: number;
  /** Less of everything: to see that it works, not to keep the figures. */
  readonly quick: boolean;
}

export interface Sections<Name extends string> extends Scale {
  /** In the order in which they are run. */
  readonly sections: readonly Name[];
  /** Where files go; absent: to `results/` if everything is measured, otherwise nowhere. */
  readonly out: string | undefined;
  /** Everything is measured, in full: the results are worth keeping. */
  readonly isComplete: boolean;
}

/** What a section hands over. */
export interface Report<Result> {
  /** For the JSON file. */
  readonly result: Result;
  /** For the CSV file: every round as it was measured. */
  readonly rows: readonly Row[];
  /** For the terminal. */
  readonly text: string;
}

export interface SectionDefaults<Name extends string> {
  readonly names: readonly Name[];
  readonly rounds: number;
  readonly quickRounds: number;
}

/** For `parseFlags`: the flags, and the shape of the schema that checks them. */
export function sectionFlags<Name extends string>({ names, rounds }: SectionDefaults<Name>) {
  return {
    flags: {
      only: textFlag(`sections to run, with commas between them: ${names.join(', ')}`),
      rounds: textFlag(`measured rounds of each; without it, ${rounds}`),
      out: textFlag(
        'folder for the files, whatever was measured; without it, results/, and only of all in full',
      ),
      quick: { type: 'boolean', describe: 'fewer rounds, less data', default: false },
    } as const,
    shape: {
      only: someOf(names).optional(),
      rounds: upTo99.optional(),
      out: folder.optional(),
      quick: z.boolean(),
    },
  };
}

/** What the checked flags mean. */
export function sectionsOf<Name extends string>(
  given: {
    readonly only?: readonly Name[] | undefined;
    readonly rounds?: number | undefined;
    readonly out?: string | undefined;
    readonly quick: boolean;
  },
  { names, rounds, quickRounds }: SectionDefaults<Name>,
): Sections<Name> {
  const { only, quick, out } = given;
  return {
    sections: only ?? names,
    rounds: given.rounds ?? (quick ? quickRounds : rounds),
    quick,
    out,
    isComplete: only === undefined && !quick && (given.rounds ?? rounds) >= rounds,
  };
}
