/** What Redis and its connections say when something is wrong, in the words of the store interface. */
import { ReplyError } from 'ioredis';
import { StoreUnavailableError } from '../backing-store.js';
import { WrongTypeError } from '../tiered.js';

/** Seconds after which it is worth trying again. */
export const RETRY_AFTER = 1;

/** Codes of errors that are about the state of the server or of this connection, not about the command. */
const UNAVAILABLE: ReadonlySet<string> = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOAUTH',
  'NOPERM',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'UNKILLABLE',
  'WRONGPASS',
]);

/** Before Redis 7 an error inside a script is wrapped in one of the script. */
const IN_SCRIPT = /^ERR Error running script .*?-([A-Z]+) (.*)$/;

export function isReplyError(error: unknown): error is Error {
  return error instanceof ReplyError;
}

/** The code that Redis's error begins with: `OOM`, `WRONGTYPE`, `ERR` … */
export function codeOf(error: Error): string {
  return IN_SCRIPT.exec(error.message)?.[1] ?? error.message.split(' ', 1)[0] ?? '';
}

/** The error that an operation rejects with. What is left as it is, is about the command itself. */
export function asStoreError(error: unknown): unknown {
  if (error instanceof StoreUnavailableError) return error;
  if (!isReplyError(error)) {
    return new StoreUnavailableError('the connection to Redis was lost', RETRY_AFTER, { cause: error });
  }
  const code = codeOf(error);
  if (code === 'WRONGTYPE') {
    return new WrongTypeError('WRONGTYPE Operation against a key holding the wrong kind of value');
  }
  if (UNAVAILABLE.has(code)) {
    return new StoreUnavailableError(`Redis refuses: ${error.message}`, RETRY_AFTER, { cause: error });
  }
  return error;
}
