/** Names that clients give themselves: they stand in lines of fields, so they must not break those. */
import type { Arguments } from './arguments.js';
import type { Client } from './client.js';
import { CommandError } from './command.js';

const FIRST_PRINTABLE = 0x21;
const LAST_PRINTABLE = 0x7e;

/** Whether a word has printable characters of ASCII alone. */
export function isPlainWord(args: Arguments, index: number): boolean {
  for (let at = args.start(index); at < args.end(index); at++) {
    const byte = args.bytes[at];
    if (byte < FIRST_PRINTABLE || byte > LAST_PRINTABLE) return false;
  }
  return true;
}

/** @throws {CommandError} when the word can't be a name */
export function checkName(args: Arguments, index: number): void {
  if (isPlainWord(args, index)) return;
  throw new CommandError('ERR Client names cannot contain spaces, newlines or special characters.');
}

/** @throws {CommandError} when the word can't be a name */
export function setName(client: Client, args: Arguments, index: number): void {
  checkName(args, index);
  client.name = args.text(index);
}
