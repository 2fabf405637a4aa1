/** How much memory this process may have before Linux ends it, where a container limits that. */
import { type ControlGroupFiles, linuxFiles, lowestLimit, readGroupFile } from './control-groups.js';

const MEMORY_LIMIT = {
  controller: 'memory',
  unified: (folder: string): number => bytes(readGroupFile(folder, 'memory.max')),
  legacy: (folder: string): number => bytes(readGroupFile(folder, 'memory.limit_in_bytes')),
};

/** Version 1 writes about 2⁶³ for no limit. */
const NO_LIMIT = 2 ** 60;

/**
 * Bytes; `Infinity` when there is no limit.
 *
 * @param files where the limit is read; what isn't there, or not readable, limits nothing
 */
export function memoryLimit(files: ControlGroupFiles = linuxFiles('memory')): number {
  return lowestLimit(files, MEMORY_LIMIT);
}

/** Version 2 writes `max` for no limit. */
function bytes(text: string | undefined): number {
  const limit = Number(text);
  return limit > 0 && limit < NO_LIMIT ? limit : Number.POSITIVE_INFINITY;
}
