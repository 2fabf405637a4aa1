/** Which files of tests there are, and which of them run together in one process. */
import { readdirSync } from 'node:fs';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isShortRun } from './bench/short-runs.js';

/** Folders whose files share a process, see together.ts. */
const FOLDERS_TOGETHER = ['bench', 'commands', 'config', 'limits'] as const;

/** The compiled files of tests in here, as paths from this folder with `/`, sorted. */
export function filesOfTests(): string[] {
  return readdirSync(fileURLToPath(new URL('.', import.meta.url)), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll(sep, '/'))
    .filter((file) => file.endsWith('.test.js') && !file.includes('fixtures/'))
    .sort();
}

/** The folder with whose other files a file shares a process; undefined: it has one of its own. */
export function folderTogether(file: string): string | undefined {
  // With a store behind them, and in a benchmark, there are servers whose time others should not wait for.
  if (isShortRun(file) || file.startsWith('commands/through/')) return undefined;
  return FOLDERS_TOGETHER.find((folder) => file.startsWith(`${folder}/`));
}
