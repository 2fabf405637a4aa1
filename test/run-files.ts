/**
 * Runs files of tests: each in a process of its own, as `tap` would run it, but without the hooks for coverage that `tap` puts
 * into every process it starts. Nobody measures coverage here, and they take longer than most of the files.
 */
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { plain } from './plain.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** Seconds that one test may take. */
const TEST_TIMEOUT = '120';
/** Milliseconds that a file may take. */
const FILE_TIMEOUT = 300_000;

/** @param isMeant whether a file, by its path from this folder with `/`, is one of them */
export function runFiles(isMeant: (file: string) => boolean): void {
  const files = readdirSync(HERE, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll(sep, '/'))
    .filter((file) => file.endsWith('.test.js') && !file.includes('fixtures/') && isMeant(file))
    .sort();
  t.setTimeout(0);
  // One more than there are processors: some files wait more than they work.
  t.jobs = cpus().length + 1;
  for (const file of files) {
    const [command, args] = plain(process.execPath, ['--enable-source-maps', join(HERE, file)]);
    const env = { ...process.env, TAP_TIMEOUT: TEST_TIMEOUT };
    t.spawn(command, args, { buffered: true, timeout: FILE_TIMEOUT, env }, file);
  }
}
