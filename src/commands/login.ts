/** How a client shows who it is: one user, `default`, whose passwords are the tokens of the configuration. */
import type { Arguments } from './arguments.js';
import type { Access, Client } from './client.js';
import { CommandError } from './command.js';

/** The tokens that allow something: see `Tokens`. */
export interface Passwords {
  /** Whether a client must show one. */
  readonly required: boolean;
  /** What one allows; undefined: it is none. */
  check(presented: Uint8Array): Exclude<Access, 'none'> | undefined;
}

const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';

/** What who has shown nothing may do. */
export function initialAccess({ required }: Passwords): Access {
  return required ? 'none' : 'full';
}

/**
 * Logs a client in by the words that are a user's name and a password.
 *
 * @throws {CommandError} when there is no such user, or it has another password
 */
export function logIn(passwords: Passwords, client: Client, args: Arguments, user: number): void {
  if (args.text(user) !== 'default') throw new CommandError(WRONG_PASSWORD);
  // As in Redis, a user without a password takes any.
  if (passwords.required) logInByPassword(passwords, client, args, user + 1);
}

/** @throws {CommandError} when it is none of the passwords */
export function logInByPassword(passwords: Passwords, client: Client, args: Arguments, index: number): void {
  const access = passwords.check(args.view(index));
  if (access === undefined) throw new CommandError(WRONG_PASSWORD);
  client.access = access;
}
