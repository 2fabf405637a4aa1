/**
 * The child process behind `duplicate.ts`: keeps the socket it is given and sends it back as often as it is
 * asked to. Every copy that arrives is a new descriptor. Ends when its parent lets go of it.
 */
import type { SendHandle } from 'node:child_process';

let socket: SendHandle | undefined;

process.on('message', (message, handle) => {
  if (message === 'socket') socket = handle as SendHandle;
  else process.send?.('duplicate', socket);
});

process.on('disconnect', () => process.exit());
// Its work takes milliseconds. Whatever goes wrong, nothing of it is left behind.
setTimeout(() => process.exit(1), 20_000).unref();
// Ctrl-C reaches the whole process group: the parent decides what that means.
process.on('SIGINT', () => {});
