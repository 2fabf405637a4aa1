/** Short runs of the benchmarks, each by its command: that they measure what they say. */
import { filesOfTests } from '../files.js';
import { runFiles } from '../run-files.js';
import { isShortRun } from './short-runs.js';

runFiles(filesOfTests().filter(isShortRun));
