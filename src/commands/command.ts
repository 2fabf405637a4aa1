/** What a command is: an entry of the table from which commands are found, checked, run and documented. */
import type { Arguments } from './arguments.js';
import type { Client } from './client.js';
import type { Reply } from './reply.js';

/**
 * Flags of Redis that a command can have. The engine goes by these: `write` is refused to who may only read, `no_auth` is
 * allowed before a password was said, `immediate` (not of Redis, and shown to nobody) is run at once between `MULTI` and `EXEC`.
 */
export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'fast'
  | 'admin'
  | 'noscript'
  | 'loading'
  | 'stale'
  | 'no_auth'
  | 'no_async_loading'
  | 'no_multi'
  | 'allow_busy'
  | 'skip_slowlog'
  | 'movablekeys'
  | 'immediate';

/** Which words are keys: from `first` to `last`, each `step`-th. A negative `last` counts from the end: -1 = the last word. */
export interface KeyPositions {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** Tells what a command that had to wait has come to. */
export type Answer = (reply: Reply) => void;

/** A promise only when something has to be waited for. */
// biome-ignore lint/suspicious/noConfusingVoidType: most commands are one expression that answers and returns nothing
export type Outcome = void | Promise<Answer>;

/**
 * Runs a command whose number of words is right. It answers once by `reply`, or throws before it has answered anything
 * (CommandError: the client is told its message). One that has to wait answers nothing, keeps neither `args` nor
 * `reply`, which are another command's by then, and resolves with what to answer, or rejects in the same way.
 */
export type Run = (args: Arguments, reply: Reply, client: Client) => Outcome;

export interface Command {
  /** In lower case; of a subcommand its own word alone. */
  readonly name: string;
  /** Words that it takes, its name and that of a subcommand included; negative: that many or more. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  /** Absent: it has no keys. */
  readonly keys?: KeyPositions;
  readonly run: Run;
  /** Of a command that is nothing without one of them. Its own `run` is for the case that it has no second word. */
  readonly subcommands?: readonly Command[];
}

/** What went wrong, in the words for the client: code in capitals, a blank, text. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

export const NOT_IN_TRANSACTION = 'ERR Command not allowed inside a transaction';
export const SYNTAX_ERROR = 'ERR syntax error';
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const NOT_A_FLOAT = 'ERR value is not a valid float';
export const TOO_LONG = 'ERR string exceeds maximum allowed size (max-value-size)';
