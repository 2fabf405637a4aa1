/** Headers of a request: which of them make it UNSURE, and what is made of those that count. */
import type { Access, Tokens } from '../../limits/tokens.js';
import { ALPHANUMERIC, bytesOf, classOf, digitsEnd, isName, numberOf } from '../bytes.js';

const ZERO = 0x30;
const SPACE = 0x20;

const BEARER = bytesOf('bearer');

const IN_HOST = classOf(`${ALPHANUMERIC}-._:[]`);

/** Headers that make a request UNSURE, by the length of their name. */
const UNSURE_HEADERS: readonly (readonly Uint8Array[])[] = byLength([
  'te',
  'expect',
  'upgrade',
  'trailer',
  'http2-settings',
  'content-encoding',
  'proxy-connection',
  'transfer-encoding',
  'upstash-encoding',
]);

/** More digits than a body that is taken here can have. */
export const MAX_LENGTH_DIGITS = 9;

/** Whether a header of this name is none for this lane. */
export function isUnsureHeader(bytes: Uint8Array, name: number, nameEnd: number): boolean {
  const candidates = UNSURE_HEADERS[nameEnd - name];
  if (candidates === undefined) return false;
  for (const candidate of candidates) if (isName(bytes, name, candidate)) return true;
  return false;
}

export function isHost(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (IN_HOST[bytes[at]] !== 1) return false;
  return end > start;
}

/** What the value of an `Authorization` header allows; undefined: nothing, or it is written in another way than most do. */
export function accessOf(tokens: Tokens, bytes: Uint8Array, start: number, end: number): Access | undefined {
  const at = start + BEARER.length;
  return isName(bytes, start, BEARER) && bytes[at] === SPACE ? tokens.check(bytes, at + 1, end) : undefined;
}

/** A body's length; -1 when it is written in any other way than the one there is for it. */
export function lengthOf(bytes: Uint8Array, start: number, end: number): number {
  const digits = end - start;
  if (digits === 0 || digits > MAX_LENGTH_DIGITS || digitsEnd(bytes, start, end) !== end) return -1;
  if (bytes[start] === ZERO && digits > 1) return -1;
  return numberOf(bytes, start, end);
}

function byLength(names: readonly string[]): Uint8Array[][] {
  const lists: Uint8Array[][] = [];
  for (const name of names) {
    for (let length = lists.length; length <= name.length; length++) lists.push([]);
    lists[name.length]?.push(bytesOf(name));
  }
  return lists;
}
