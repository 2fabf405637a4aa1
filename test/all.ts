/** All tests but the short runs of the benchmarks, which take as long again: see bench/all.ts. */
import { isShortRun } from './bench/short-runs.js';
import { filesOfTests } from './files.js';
import { runFiles } from './run-files.js';

runFiles(filesOfTests().filter((file) => !isShortRun(file)));
