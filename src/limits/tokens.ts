/**
 * The tokens that clients must show, for all protocols. Which of them something presented is, is found out in a time that
 * depends on the length of what was presented and on nothing else: not on how much of it was right, nor on how long the
 * right one is. `crypto.timingSafeEqual` would do the same at ten times the cost, a microsecond for each request.
 */
import { MAX_TOKEN_BYTES } from '../config/token.js';

/** What a client may do. */
export type Access = 'full' | 'read-only';

const SCHEME = /^bearer +(?=[^ ])/i;

export class Tokens {
  /** Whether a client must show one of them. */
  readonly required: boolean;
  readonly #full: Expected;
  readonly #readOnly: Expected;

  /**
   * @param authToken allows everything; undefined: nothing has to be shown
   * @param readOnlyToken allows reading
   */
  constructor(authToken: string | undefined, readOnlyToken?: string) {
    this.required = authToken !== undefined;
    this.#full = expected(authToken);
    this.#readOnly = expected(readOnlyToken);
  }

  /**
   * What a token allows; undefined: nothing, as it is none of them.
   *
   * @param presented bytes of the token, or text
   * @param start of the token in the bytes
   * @param end of the token in the bytes
   */
  check(presented: Uint8Array | string, start = 0, end = presented.length): Access | undefined {
    if (typeof presented === 'string') return this.check(Buffer.from(presented));
    const length = end - start;
    if (length <= 0 || length > MAX_TOKEN_BYTES) return undefined;
    // Both, whatever the first comparison says.
    const isFull = isSame(this.#full, presented, start, length);
    const isReadOnly = isSame(this.#readOnly, presented, start, length);
    if (isFull) return 'full';
    return isReadOnly ? 'read-only' : undefined;
  }

  /** What the value of an `Authorization` header allows: `Bearer` and a token (RFC 6750). */
  checkHeader(value: string | undefined): Access | undefined {
    const scheme = SCHEME.exec(value ?? '')?.[0];
    return scheme === undefined || value === undefined ? undefined : this.check(value.slice(scheme.length));
  }
}

/** A token, filled up so that something as long as any token can be compared with it. */
interface Expected {
  readonly bytes: Uint8Array;
  /** 0: there is none. Nothing that is presented is so short. */
  readonly length: number;
}

function expected(token = ''): Expected {
  const bytes = new Uint8Array(MAX_TOKEN_BYTES);
  bytes.set(Buffer.from(token));
  return { bytes, length: Buffer.byteLength(token) };
}

/** Takes no branch that depends on the bytes. */
function isSame(
  { bytes, length }: Expected,
  presented: Uint8Array,
  start: number,
  presentedLength: number,
): boolean {
  let difference = length ^ presentedLength;
  for (let i = 0; i < presentedLength; i++) difference |= bytes[i] ^ presented[start + i];
  return difference === 0;
}
