/** Tokens as options: given as they are, or in a file, as container platforms mount secrets. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { UsageError } from './errors.js';
import { optional, parsed, type ValueFormat } from './formats.js';

/** Bytes of the longest token. */
export const MAX_TOKEN_BYTES = 512;

/** What a header can carry (RFC 6750, section 2.1, allows fewer characters yet). */
const RULE = `1 to ${MAX_TOKEN_BYTES} printable ASCII characters without blanks`;
const TOKEN = new RegExp(`^[\\x21-\\x7e]{1,${MAX_TOKEN_BYTES}}$`);

export const token: ValueFormat<string | undefined> = {
  allowed: RULE,
  schema: optional((text) => (TOKEN.test(text) ? text : undefined)),
  show: () => '***',
};

/** The path of a file that holds a token. It is read when the value is. */
export const tokenFile: ValueFormat<string | undefined> = {
  allowed: `the path of a readable file that holds ${RULE}, and nothing else but a newline at the end`,
  schema: parsed(readToken).pipe(z.string()),
};

function readToken(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return TOKEN.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

interface GivenToken {
  readonly value: string | undefined;
  /** What gave it. */
  readonly source: string | undefined;
}

/** @throws {UsageError} when the two don't go together */
export function assertTokensFit(full: GivenToken, readOnly: GivenToken): void {
  if (readOnly.value === undefined) return;
  if (full.value === undefined) {
    throw new UsageError(`${readOnly.source} needs --auth-token: without that everybody may read and write`);
  }
  if (full.value === readOnly.value) {
    throw new UsageError(`${full.source} and ${readOnly.source} are the same: must be two tokens`);
  }
}
