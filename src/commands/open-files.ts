/** How many connections there can be: there is no limit but that of open files, which the system sets. */
import { readFileSync } from 'node:fs';

/** What Redis takes, told where the system does not say. */
const USUAL = 10_000;

/** Files that this process may have open at a time. */
export const OPEN_FILES: number = openFiles();

function openFiles(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? USUAL : Number(limit);
  } catch {
    return USUAL;
  }
}
