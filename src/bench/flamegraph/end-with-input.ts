/**
 * Loaded into the server that is profiled, before its own code: ends it when its standard input does. 0x hands that on
 * from the benchmark, so the server ends when the benchmark wants it to, and also when the benchmark was killed. A signal
 * would reach 0x only.
 */
process.stdin.on('end', () => process.exit()).resume();
