/** The benchmark can't be run, or can't go on. The message is one readable line. */
export class BenchFailure extends Error {}
