/** What is told of commands beside what the engine needs of them: to people by `COMMAND DOCS`, to clients by `COMMAND INFO`. */

export type ArgumentType =
  | 'string'
  | 'integer'
  | 'double'
  | 'key'
  | 'pattern'
  | 'unix-time'
  | 'pure-token'
  | 'oneof'
  | 'block';

export interface ArgumentOptions {
  /** Word that stands before it. */
  readonly token?: string;
  readonly isOptional?: boolean;
  readonly isMultiple?: boolean;
  /** Whether the token stands before each of several. */
  readonly repeatsToken?: boolean;
  /** Version of Redis that brought it, and of the one in which it is not to be used any more. */
  readonly since?: string;
  readonly deprecatedSince?: string;
  /** Of a key: index of its key specification, 0 when absent. */
  readonly keySpec?: number;
}

export interface ArgumentDocument extends ArgumentOptions {
  readonly name: string;
  readonly type: ArgumentType;
  /** What it is one of, or consists of. */
  readonly parts?: readonly ArgumentDocument[];
}

export interface KeySpec {
  /** What a command does with these keys, in Redis's flags, with blanks between. */
  readonly flags: string;
  readonly notes?: string;
}

export interface CommandDocument {
  readonly group: string;
  readonly summary: string;
  /** Version of Redis that brought it. */
  readonly since: string;
  readonly complexity: string;
  /** Versions of Redis and what they brought. */
  readonly history?: readonly (readonly [version: string, change: string])[];
  readonly deprecated?: { readonly since: string; readonly replacedBy: string };
  /** Of access control lists, beside those that follow from the flags. */
  readonly categories?: readonly string[];
  readonly tips?: readonly string[];
  /** Absent: the command has no keys. One for all, or one for each. */
  readonly keySpecs?: readonly KeySpec[];
  readonly arguments?: readonly ArgumentDocument[];
}

/** By full names: `get`, `client|list`. */
export type Documents = Readonly<Record<string, CommandDocument>>;

/** Those of one group. */
export function documents(
  group: string,
  commands: Readonly<Record<string, Omit<CommandDocument, 'group'>>>,
): Documents {
  return Object.fromEntries(
    Object.entries(commands).map(([name, command]) => [name, { group, ...command }] as const),
  );
}

type Argument = (name: string, options?: ArgumentOptions) => ArgumentDocument;

function ofType(type: ArgumentType): Argument {
  return (name, options) => ({ name, type, ...options });
}

export const text = ofType('string');
export const integer = ofType('integer');
export const double = ofType('double');
export const key = ofType('key');
export const pattern = ofType('pattern');
export const unixTime = ofType('unix-time');

/** A word that is there or not. @param token in capitals */
export function word(token: string, options?: ArgumentOptions): ArgumentDocument {
  return { name: token.toLowerCase(), type: 'pure-token', token, ...options };
}

export function oneOf(
  name: string,
  parts: readonly ArgumentDocument[],
  options?: ArgumentOptions,
): ArgumentDocument {
  return { name, type: 'oneof', ...options, parts };
}

/** Several that belong together. */
export function block(
  name: string,
  parts: readonly ArgumentDocument[],
  options?: ArgumentOptions,
): ArgumentDocument {
  return { name, type: 'block', ...options, parts };
}
