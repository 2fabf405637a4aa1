/** Splits a line that somebody typed into words, as Redis does: blanks between them, quotes around what has blanks. */

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;

const ESCAPES: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, b: 0x08, a: 0x07 };

/** The words, in bytes of their own; undefined when a quote is not closed, or something follows it without a blank. */
export function splitLine(bytes: Buffer, start: number, end: number): Buffer[] | undefined {
  const words: Buffer[] = [];
  let at = start;
  for (;;) {
    while (at < end && isBlank(bytes[at])) at++;
    if (at >= end) return words;
    const word: number[] = [];
    let quote = 0;
    for (;;) {
      if (at >= end) {
        if (quote !== 0) return undefined;
        break;
      }
      const byte = bytes[at];
      if (quote === 0) {
        if (isBlank(byte)) break;
        if (byte === QUOTE || byte === APOSTROPHE) quote = byte;
        else word.push(byte);
        at++;
      } else if (byte === quote) {
        at++;
        if (at < end && !isBlank(bytes[at])) return undefined;
        quote = 0;
        break;
      } else if (byte === BACKSLASH && at + 1 < end) {
        const [value, length] = quote === QUOTE ? escaped(bytes, at, end) : escapedApostrophe(bytes, at);
        word.push(value);
        at += length;
      } else {
        word.push(byte);
        at++;
      }
    }
    words.push(Buffer.from(word));
  }
}

/** What a backslash between double quotes stands for, with its length. */
function escaped(bytes: Buffer, at: number, end: number): readonly [value: number, length: number] {
  const hexadecimal = bytes.toString('latin1', at + 1, Math.min(end, at + 4));
  if (/^x[0-9a-f]{2}$/i.test(hexadecimal)) return [Number.parseInt(hexadecimal.slice(1), 16), 4];
  const next = bytes[at + 1];
  return [ESCAPES[String.fromCharCode(next)] ?? next, 2];
}

/** Between single quotes a backslash is one, unless such a quote follows. */
function escapedApostrophe(bytes: Buffer, at: number): readonly [value: number, length: number] {
  return bytes[at + 1] === APOSTROPHE ? [APOSTROPHE, 2] : [BACKSLASH, 1];
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0;
}
