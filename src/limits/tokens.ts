/**
 * The tokens that clients must show, for all protocols: which of them something presented is, found out in a time that
 * does not tell how much of it was right, nor how long the right one is.
 */
import { timingSafeEqual } from 'node:crypto';
import { MAX_TOKEN_BYTES } from '../config/token.js';

/** What a client may do. */
export type Access = 'full' | 'read-only';

/** Bytes before a token that say how long it is. */
const LENGTH_BYTES = 2;

const SCHEME = /^bearer +(?=[^ ])/i;

export class Tokens {
  /** Whether a client must show one of them. */
  readonly required: boolean;
  readonly #full: Buffer;
  readonly #readOnly: Buffer;
  /** What is presented, in the form of the two. */
  readonly #presented = Buffer.alloc(LENGTH_BYTES + MAX_TOKEN_BYTES);

  /**
   * @param authToken allows everything; undefined: nothing has to be shown
   * @param readOnlyToken allows reading
   */
  constructor(authToken: string | undefined, readOnlyToken?: string) {
    this.required = authToken !== undefined;
    this.#full = padded(authToken);
    this.#readOnly = padded(readOnlyToken);
  }

  /**
   * What a token allows; undefined: nothing, as it is none of them.
   *
   * @param presented bytes of the token, or text
   * @param start of the token in the bytes
   * @param end of the token in the bytes
   */
  check(presented: Uint8Array | string, start = 0, end = presented.length): Access | undefined {
    if (typeof presented === 'string') {
      const bytes = Buffer.from(presented);
      return this.check(bytes);
    }
    const length = end - start;
    if (length <= 0 || length > MAX_TOKEN_BYTES) return undefined;
    const padding = this.#presented;
    padding.fill(0);
    padding.writeUInt16BE(length);
    for (let i = 0; i < length; i++) padding[LENGTH_BYTES + i] = presented[start + i];
    // Both, whatever the first comparison says.
    const isFull = timingSafeEqual(padding, this.#full);
    const isReadOnly = timingSafeEqual(padding, this.#readOnly);
    if (isFull) return 'full';
    return isReadOnly ? 'read-only' : undefined;
  }

  /** What the value of an `Authorization` header allows: `Bearer` and a token (RFC 6750). */
  checkHeader(value: string | undefined): Access | undefined {
    const scheme = SCHEME.exec(value ?? '')?.[0];
    return scheme === undefined || value === undefined ? undefined : this.check(value.slice(scheme.length));
  }
}

/** Length and token, filled up so that all are equally long. No length but 0 has an absent token, and that is never right. */
function padded(token = ''): Buffer {
  const bytes = Buffer.alloc(LENGTH_BYTES + MAX_TOKEN_BYTES);
  bytes.writeUInt16BE(Buffer.byteLength(token));
  bytes.write(token, LENGTH_BYTES);
  return bytes;
}
