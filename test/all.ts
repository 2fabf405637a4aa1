/** All tests but the short runs of the benchmarks, which take as long again: see bench/all.ts. */
import { isShortRun } from './bench/short-runs.js';
import { runFiles } from './run-files.js';

runFiles((file) => !isShortRun(file));
