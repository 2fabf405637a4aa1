/** All sections of `bench:map` by name: how each is measured, and what it gives. */
import { type ContendersResult, measureContenders } from './contenders.js';
import { type HashResult, measureHashes } from './hash.js';
import { type KeysResult, measureKeys } from './keys.js';
import { type MemoryResult, measureMemory } from './memory.js';
import type { SectionName } from './options.js';
import type { Report, Scale } from './section.js';
import { measureSizes, type SizesResult } from './sizes.js';
import { measureThreads, type ThreadsResult } from './threads.js';

interface AllResults {
  readonly contenders: ContendersResult;
  readonly threads: ThreadsResult;
  readonly sizes: SizesResult;
  readonly keys: KeysResult;
  readonly hash: HashResult;
  readonly memory: MemoryResult;
}

/** Of the sections that were run. */
export type Results = Partial<AllResults>;

export const SECTIONS: {
  readonly [Name in SectionName]: (scale: Scale) => Promise<Report<AllResults[Name]>>;
} = {
  contenders: measureContenders,
  threads: measureThreads,
  sizes: measureSizes,
  keys: measureKeys,
  hash: measureHashes,
  memory: measureMemory,
};
