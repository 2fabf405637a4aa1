/**
 * A copy of this build whose telemetry does nothing, for comparison. The product has no flag for that: nobody would want
 * one. What is switched off is what is done for a request so that it can be told of later: adding to cells in shared
 * memory, reading the clock, and the watch over the event loop. The calls stay, and return at once. So does what the map
 * counts by itself (hits, evictions …), which is part of it.
 */
import { appendFileSync, cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../command.js';

/** What is added to the end of modules, by their paths in `src/telemetry`. */
const SWITCHES: Readonly<Record<string, string>> = {
  'cells.js': 'Cells.prototype.add = () => {};',
  'stopwatch.js':
    'Stopwatch.prototype.begin = () => 0; Stopwatch.prototype.end = Stopwatch.prototype.waited = () => {};',
  'runtime.js': 'watchRuntime = () => () => {};',
};

/** What a program needs: this build, what it depends on, and its version. */
const PARTS = ['dist/bin', 'dist/src', 'dist/shards', 'package.json'];

/**
 * @param folder where the copy goes
 * @returns the path of its program
 */
export function copyWithoutTelemetry(folder: string): string {
  for (const part of PARTS) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  for (const [module, text] of Object.entries(SWITCHES))
    appendFileSync(join(folder, 'dist/src/telemetry', module), `\n${text}\n`);
  return join(folder, 'dist/bin/hotshard.js');
}
