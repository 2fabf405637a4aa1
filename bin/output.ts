/** What a command says: its output, and its failures. */

/** Something went wrong that the user can do something about. The message is one readable line; exit code 1. */
export class CommandFailure extends Error {}

/**
 * Writes to standard output, exactly these bytes. A reader that has read enough (`| head -c 1`) is no error.
 *
 * @throws {CommandFailure} when there is no room for them
 */
export function print(output: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') resolve();
      else reject(new CommandFailure(`the output can't be written: ${error.message}`, { cause: error }));
    });
    process.stdout.write(output, (error) => {
      if (error === undefined || error === null) resolve();
    });
  });
}
