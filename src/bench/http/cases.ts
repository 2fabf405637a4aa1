/** What `bench:http` measures: the load of each section, one or several after another. */
import type { Setting } from '../peers/contest.js';
import { USUAL } from '../peers/extent.js';

export const SECTION_NAMES = ['plain', 'pipelined', 'values', 'connections', 'http2'] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

export const CASES: Readonly<Record<SectionName, readonly Setting[]>> = {
  plain: [USUAL],
  pipelined: [{ ...USUAL, depth: 16 }],
  values: [
    { ...USUAL, valueSize: 1024 },
    // Fewer, so that all fit into the memory that hotshard has unless told otherwise.
    { ...USUAL, valueSize: 64 * 1024, keys: 1_000 },
  ],
  connections: [{ ...USUAL, connections: 1_000 }],
  // h2load either reads or writes.
  http2: [
    { ...USUAL, reads: 1 },
    { ...USUAL, reads: 1, depth: 16 },
    { ...USUAL, reads: 0 },
  ],
};
