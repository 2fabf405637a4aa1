/** Looking at bytes where they lie: the words of a scanner. */

const ZERO = 0x30;

export const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

export function classOf(characters: string): Uint8Array {
  const members = new Uint8Array(256);
  for (const byte of bytesOf(characters)) members[byte] = 1;
  return members;
}

export function isAt(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** Whether what there is could go on to be what is expected. */
export function isBeginningOf(bytes: Uint8Array, at: number, end: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length && at + i < end; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** Whether a name of the right length is this one. What has been found to be a token has no other byte that matches. */
export function isName(bytes: Uint8Array, at: number, lowerCase: Uint8Array): boolean {
  for (let i = 0; i < lowerCase.length; i++) if ((bytes[at + i] | 0x20) !== lowerCase[i]) return false;
  return true;
}

export function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] >= ZERO && bytes[at] <= ZERO + 9) at++;
  return at;
}

export function numberOf(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + bytes[at] - ZERO;
  return value;
}

/** The value of a hexadecimal digit; below 0 when it is none. */
export function hexadecimal(byte: number): number {
  if (byte >= ZERO && byte <= ZERO + 9) return byte - ZERO;
  const letter = (byte | 0x20) - 0x61;
  return letter >= 0 && letter < 6 ? letter + 10 : -0x1000;
}

/** How many decimal digits a whole number has. */
export function digitsOf(number: number): number {
  let digits = 1;
  for (let rest = number; rest >= 10; rest /= 10) digits++;
  return digits;
}

/** Writes decimal digits so that they end before `end`. */
export function writeNumber(bytes: Uint8Array, end: number, number: number): void {
  let rest = number;
  let at = end;
  do {
    const next = Math.floor(rest / 10);
    bytes[--at] = 0x30 + rest - next * 10;
    rest = next;
  } while (rest > 0);
}
