/** Sleeping without an event loop, for a thread that can only go on once another one has. */

const word = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the calling thread for so many milliseconds, so that others get the processor. */
export function pause(milliseconds: number): void {
  Atomics.wait(word, 0, 0, milliseconds);
}
