/**
 * Recognises requests that are certain: complete, plain, and such that nobody could read them in two ways. It finds
 * their parts where they lie and makes no strings. Whatever it has not been taught, be it wrong or merely rare, is
 * UNSURE, and somebody else's to answer.
 *
 * What passes, and nothing else:
 *
 * - `GET`, `HEAD` of `/` and `/get/KEY`; `POST`, `PUT` of `/store/KEY`, with or without `?ttl=` and whole seconds; all
 *   of them under `/v1` too; HTTP/1.1; lines that end with CR LF.
 * - A key of characters that stand for themselves in a path (RFC 3986, `pchar`), and escapes of valid UTF-8.
 * - One `Host`. No `Connection` but `keep-alive`. `Content-Length` once, where a body is stored, and there always.
 *   Headers that change what a message is or how it is answered are UNSURE by their name; all others may say what
 *   they want in printable ASCII.
 * - Where tokens are needed: one `Authorization` that is `Bearer`, a space and a token that allows what is asked.
 */
import { isUtf8 } from 'node:buffer';
import type { Access, Tokens } from '../../limits/tokens.js';
import {
  ALPHANUMERIC,
  bytesOf,
  classOf,
  digitsEnd,
  hexadecimal,
  isAt,
  isBeginningOf,
  isName,
  numberOf,
} from '../bytes.js';
import { accessOf, isHost, isUnsureHeader, lengthOf, MAX_LENGTH_DIGITS } from './headers.js';

/** Bytes of request line and headers. Less than Node allows, so that what is refused for its size is Node's to refuse. */
const MAX_HEAD_BYTES = 7 * 1024;

/** Headers of a request: more are Node's to count, which has changed its mind about how many there may be. */
const MAX_HEADERS = 100;

const MAX_KEY_BYTES = 512;

/** Bytes of the longest path before a key, and of the shortest request: that much may be looked at without asking. */
const SHORTEST = 'GET / HTTP/1.1\r\n\r\n'.length;

/** What a look at the bytes from a place on finds. */
export const Verdict = {
  /** Not for this lane. */
  UNSURE: 0,
  /** So far so good, but the head of the request goes on. */
  MORE_HEAD: 1,
  /** The head is complete, the body is not. */
  MORE_BODY: 2,
  /** Complete requests. */
  ROOT: 3,
  READ: 4,
  STORE: 5,
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

const SPACE = 0x20;
const TAB = 0x09;
const CR = 0x0d;
const LF = 0x0a;
const SLASH = 0x2f;
const COLON = 0x3a;
const QUESTION_MARK = 0x3f;
const PERCENT = 0x25;
const CAPITAL_G = 0x47;
const CAPITAL_H = 0x48;
const CAPITAL_P = 0x50;
const CAPITAL_O = 0x4f;

const IN_NAME = classOf(`${ALPHANUMERIC}!#$%&'*+-.^_\`|~`);
const IN_KEY = classOf(`${ALPHANUMERIC}-._~!$&'()*+,;=:@`);

const METHODS = ['GET /', 'HEAD /', 'POST /', 'PUT /'].map(bytesOf);
const END_OF_LINE = bytesOf(' HTTP/1.1\r\n');
const V1 = bytesOf('v1');
const GET = bytesOf('get/');
const STORE = bytesOf('store/');
const TTL = bytesOf('?ttl=');
const HOST = bytesOf('host');
const CONNECTION = bytesOf('connection');
const KEEP_ALIVE = bytesOf('keep-alive');
const CONTENT_LENGTH = bytesOf('content-length');
const AUTHORIZATION = bytesOf('authorization');

export class Scan {
  /** Of the last request found: whether its answer has no body. */
  isHead = false;
  /** Where its key lies; not in the bytes scanned when it had escapes. */
  key: Uint8Array;
  keyStart = 0;
  keyEnd = 0;
  /** Milliseconds; undefined: not said. */
  ttl: number | undefined;
  /** Where its body begins, and where it ends, and with it the request. Known from MORE_BODY on. */
  bodyStart = 0;
  end = 0;

  readonly #decoded = new Uint8Array(MAX_KEY_BYTES);
  readonly #tokens: Tokens | undefined;
  #hasBody = false;

  /** @param tokens undefined: clients need none */
  constructor(tokens?: Tokens) {
    this.#tokens = tokens?.required === true ? tokens : undefined;
    this.key = this.#decoded;
  }

  /** Looks at the bytes from `start` to before `end`, at the beginning of a request. */
  look(bytes: Uint8Array, start: number, end: number): Verdict {
    const length = end - start;
    if (length < SHORTEST) return isBeginning(bytes, start, end) ? Verdict.MORE_HEAD : Verdict.UNSURE;
    const path = this.#method(bytes, start);
    if (path === 0) return Verdict.UNSURE;
    const limit = Math.min(end, start + MAX_HEAD_BYTES);
    const verdict = this.#target(bytes, path, limit);
    // What goes on beyond the limit is too long.
    if (verdict === Verdict.MORE_HEAD && limit < end) return Verdict.UNSURE;
    return verdict > Verdict.MORE_BODY && this.end > end ? Verdict.MORE_BODY : verdict;
  }

  /** Index after the path's first slash; 0 when the method is none of those known. */
  #method(bytes: Uint8Array, at: number): number {
    const first = bytes[at];
    this.#hasBody = first === CAPITAL_P;
    this.isHead = first === CAPITAL_H;
    let method: Uint8Array | undefined;
    if (first === CAPITAL_G) method = METHODS[0];
    else if (first === CAPITAL_H) method = METHODS[1];
    else if (first === CAPITAL_P) method = METHODS[bytes[at + 1] === CAPITAL_O ? 2 : 3];
    return method !== undefined && isAt(bytes, at, method) ? at + method.length : 0;
  }

  /** From the path's first slash on. What is shorter than the shortest request has been told from what is longer. */
  #target(bytes: Uint8Array, path: number, end: number): Verdict {
    let at = path;
    if (isAt(bytes, at, V1)) {
      if (bytes[at + 2] === SPACE) return this.#root(bytes, at + 2, end);
      if (bytes[at + 2] !== SLASH) return Verdict.UNSURE;
      at += 3;
    }
    if (bytes[at] === SPACE) return this.#root(bytes, at, end);
    if (this.#hasBody) {
      return isAt(bytes, at, STORE) ? this.#keyed(bytes, at + STORE.length, end) : Verdict.UNSURE;
    }
    return isAt(bytes, at, GET) ? this.#keyed(bytes, at + GET.length, end) : Verdict.UNSURE;
  }

  #root(bytes: Uint8Array, at: number, end: number): Verdict {
    return this.#hasBody ? Verdict.UNSURE : this.#lineEnd(bytes, at, end, Verdict.ROOT);
  }

  #keyed(bytes: Uint8Array, start: number, end: number): Verdict {
    let at = start;
    while (at < end && IN_KEY[bytes[at]] === 1) at++;
    if (at - start > MAX_KEY_BYTES) return Verdict.UNSURE;
    if (at === end) return Verdict.MORE_HEAD;
    this.key = bytes;
    this.keyStart = start;
    this.keyEnd = at;
    if (bytes[at] === PERCENT) {
      at = this.#decode(bytes, start, end);
      if (at <= 0) return at === 0 ? Verdict.UNSURE : Verdict.MORE_HEAD;
    }
    const { keyStart, keyEnd } = this;
    if (keyEnd === keyStart) return Verdict.UNSURE;
    this.ttl = undefined;
    if (!this.#hasBody) return this.#lineEnd(bytes, at, end, Verdict.READ);
    if (bytes[at] === QUESTION_MARK) {
      at = this.#query(bytes, at, end);
      if (at <= 0) return at === 0 ? Verdict.UNSURE : Verdict.MORE_HEAD;
    }
    return this.#lineEnd(bytes, at, end, Verdict.STORE);
  }

  /** Decodes a key. Index after it; 0 when it is none; -1 when it goes on. */
  #decode(bytes: Uint8Array, start: number, end: number): number {
    const decoded = this.#decoded;
    let length = 0;
    let seen = 0;
    let at = start;
    while (at < end) {
      let byte: number = bytes[at];
      if (byte === PERCENT) {
        if (at + 2 >= end) return -1;
        byte = (hexadecimal(bytes[at + 1]) << 4) | hexadecimal(bytes[at + 2]);
        if (byte < 0) return 0;
        at += 3;
      } else if (IN_KEY[byte] === 1) at++;
      else break;
      if (length === MAX_KEY_BYTES) return 0;
      decoded[length++] = byte;
      seen |= byte;
    }
    if (at === end) return -1;
    if (seen > 0x7f && !isUtf8(decoded.subarray(0, length))) return 0;
    this.key = decoded;
    this.keyStart = 0;
    this.keyEnd = length;
    return at;
  }

  /** Takes `?ttl=` and whole seconds. Index after it; 0 when it is something else; -1 when it goes on. */
  #query(bytes: Uint8Array, start: number, end: number): number {
    const first = start + TTL.length;
    if (first >= end) return -1;
    if (!isAt(bytes, start, TTL)) return 0;
    const after = digitsEnd(bytes, first, end);
    if (after === end) return -1;
    if (after === first || after - first > MAX_LENGTH_DIGITS) return 0;
    this.ttl = numberOf(bytes, first, after) * 1000;
    return after;
  }

  /** From the end of the target on. */
  #lineEnd(bytes: Uint8Array, at: number, end: number, found: Verdict): Verdict {
    const after = at + END_OF_LINE.length;
    if (after > end) return isBeginningOf(bytes, at, end, END_OF_LINE) ? Verdict.MORE_HEAD : Verdict.UNSURE;
    return isAt(bytes, at, END_OF_LINE) ? this.#headers(bytes, after, end, found) : Verdict.UNSURE;
  }

  #headers(bytes: Uint8Array, start: number, end: number, found: Verdict): Verdict {
    let at = start;
    let hasHost = false;
    let hasConnection = false;
    let bodyLength = -1;
    let access: Access | undefined;
    for (let headers = 0; headers <= MAX_HEADERS; headers++) {
      const name = at;
      while (at < end && IN_NAME[bytes[at]] === 1) at++;
      if (at === end) return Verdict.MORE_HEAD;
      if (at === name) {
        const isOpen = this.#tokens === undefined || found === Verdict.ROOT;
        const isComplete = hasHost && this.#hasBody === bodyLength >= 0;
        const isAllowed = isOpen || access === 'full' || (access !== undefined && found === Verdict.READ);
        return this.#headEnd(bytes, at, end, isComplete && isAllowed, bodyLength, found);
      }
      if (bytes[at] !== COLON) return Verdict.UNSURE;
      const nameEnd = at++;
      while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
      const value = at;
      while (at < end && bytes[at] >= SPACE && bytes[at] < 0x7f) at++;
      if (end - at < 2) return at < end && bytes[at] !== CR ? Verdict.UNSURE : Verdict.MORE_HEAD;
      if (bytes[at] !== CR || bytes[at + 1] !== LF) return Verdict.UNSURE;
      switch (nameEnd - name) {
        case HOST.length:
          if (!isName(bytes, name, HOST)) break;
          if (hasHost || !isHost(bytes, value, at)) return Verdict.UNSURE;
          hasHost = true;
          break;
        case CONNECTION.length:
          if (!isName(bytes, name, CONNECTION)) break;
          if (hasConnection || at - value !== KEEP_ALIVE.length || !isName(bytes, value, KEEP_ALIVE)) {
            return Verdict.UNSURE;
          }
          hasConnection = true;
          break;
        case CONTENT_LENGTH.length:
          if (isName(bytes, name, CONTENT_LENGTH)) {
            if (!this.#hasBody || bodyLength >= 0) return Verdict.UNSURE;
            bodyLength = lengthOf(bytes, value, at);
            if (bodyLength < 0) return Verdict.UNSURE;
            break;
          }
          if (isUnsureHeader(bytes, name, nameEnd)) return Verdict.UNSURE;
          break;
        case AUTHORIZATION.length:
          if (!isName(bytes, name, AUTHORIZATION)) break;
          if (access !== undefined || this.#tokens === undefined) return Verdict.UNSURE;
          access = accessOf(this.#tokens, bytes, value, at);
          if (access === undefined) return Verdict.UNSURE;
          break;
        default:
          if (isUnsureHeader(bytes, name, nameEnd)) return Verdict.UNSURE;
      }
      at += 2;
    }
    return Verdict.UNSURE;
  }

  /** From the empty line on. */
  #headEnd(
    bytes: Uint8Array,
    at: number,
    end: number,
    isComplete: boolean,
    bodyLength: number,
    found: Verdict,
  ): Verdict {
    if (end - at < 2) return bytes[at] === CR ? Verdict.MORE_HEAD : Verdict.UNSURE;
    if (!isComplete || bytes[at] !== CR || bytes[at + 1] !== LF) return Verdict.UNSURE;
    this.bodyStart = at + 2;
    this.end = this.bodyStart + Math.max(bodyLength, 0);
    return found;
  }
}

/** Whether a request could begin so. */
function isBeginning(bytes: Uint8Array, start: number, end: number): boolean {
  return METHODS.some((method) => isBeginningOf(bytes, start, end, method));
}
