/** Transactions of Redis: MULTI, the commands and EXEC in one go. */
import { type StoreCommand, type StoreReply, StoreUnavailableError } from '../backing-store.js';
import { codeOf, isReplyError, RETRY_AFTER } from './errors.js';
import type { Names } from './names.js';
import type { Command, Commands } from './socket.js';

/**
 * Runs commands together.
 *
 * @returns null when a key that the connection watched has changed: then nothing was done
 * @throws {StoreUnavailableError} when it is not known whether they have run, or Redis is in no state to run them
 * @throws {ReplyError} what Redis says when it will not run them: none has run
 */
export async function transact(
  connection: Commands,
  names: Names,
  commands: readonly StoreCommand[],
): Promise<readonly StoreReply[] | null> {
  const queue = commands.map((command): Command => {
    const [word = '', ...args] = names.command(command);
    return [String(word), ...args];
  });
  try {
    // Rejects with what was said of the first command that could not be queued, or of EXEC itself.
    const replies = await connection.sendAll([['MULTI'], ...queue, ['EXEC']]);
    return replies.at(-1) as readonly StoreReply[] | null;
  } catch (error) {
    if (!(error instanceof StoreUnavailableError) || isReplyError(error.cause)) throw error;
    const message = `it is not known whether the transaction has run: ${error.message}`;
    throw new StoreUnavailableError(message, RETRY_AFTER, { cause: error });
  }
}

/** Whether an error says that keys are elsewhere, or on their way. */
export function isRedirection(error: unknown): boolean {
  return isReplyError(error) && REDIRECTIONS.has(codeOf(error));
}

const REDIRECTIONS: ReadonlySet<string> = new Set(['ASK', 'MOVED', 'TRYAGAIN']);
