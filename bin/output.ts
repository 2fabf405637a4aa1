/** Where a command reads and writes, and what it says: its output, and its failures. */
import type { Readable, Writable } from 'node:stream';

/** What a command has of its process. Standard input is opened only by a command that reads it. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Writable;
}

type Output = Writable & { readonly isTTY?: boolean };

/** Something went wrong that the user can do something about. The message is one readable line; exit code 1. */
export class CommandFailure extends Error {}

/**
 * Writes to standard output, exactly these bytes. A reader that has read enough (`| head -c 1`) is no error.
 *
 * @throws {CommandFailure} when there is no room for them
 */
export function print(stdout: Output, output: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stdout.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') resolve();
      else reject(new CommandFailure(`the output can't be written: ${error.message}`, { cause: error }));
    });
    stdout.write(output, (error) => {
      if (error === undefined || error === null) resolve();
    });
  });
}
