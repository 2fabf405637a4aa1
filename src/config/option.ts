/** What the table of options says of each. */
import type { ValueFormat } from './formats.js';

/** An environment variable that can give an option's value. */
export interface EnvironmentVariable<Value> {
  readonly name: string;
  /** Set where the variable is written in another way than the flag. */
  readonly format?: ValueFormat<Value>;
}

/** One option: its flag, its variables and its value. */
export interface Option<Value> extends ValueFormat<Value> {
  /** Long flag, without its dashes. */
  readonly flag: string;
  /** One-letter flag. */
  readonly alias?: string;
  /** In order of precedence: the first one that is set counts. */
  readonly environment: readonly EnvironmentVariable<Value>[];
  /** As it would be written on the command line; empty: none. */
  readonly default: string;
  /** What it does, as a phrase for the help. */
  readonly description: string;
  /** Whether an empty value means something. Otherwise an empty flag is an error and an empty variable unset. */
  readonly mayBeEmpty?: boolean;
  /** Text in a variable that somebody else put there for another purpose: passed over, with a warning. */
  readonly foreign?: { readonly pattern: RegExp; readonly reason: string };
}
