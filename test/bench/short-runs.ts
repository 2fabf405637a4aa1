/** Which files of tests run a benchmark, and so take long. */

/** @param file path from the folder of all tests, with `/` */
export function isShortRun(file: string): boolean {
  return /^bench\/.*\bcommand\.test\.js$/.test(file);
}
