/** Numbers with a fraction as Redis reads and writes them, of the precision of doubles. */

/** Longest text that is read, in bytes. */
const MOST_CHARACTERS = 5 * 1024 - 1;

// Digits can be matched in one way alone: else many that are no number would take time by the square of how many.
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const HEXADECIMAL = /^([+-]?)0x(?=\.?[\da-f])([\da-f]*)(?:\.([\da-f]*))?(?:p([+-]?\d+))?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** What C reads such a text as; undefined when it is no number, or a finite one that is too large. */
export function parseFloating(text: string): number | undefined {
  if (text.length > MOST_CHARACTERS) return undefined;
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  const value = DECIMAL.test(text) ? Number(text) : parseHexadecimal(text);
  return Number.isFinite(value) ? value : undefined;
}

/** The shortest decimal that is read as the same number, 17 significant digits at most, without an exponent. */
export function formatFloating(value: number): string {
  const text = String(value);
  const [mantissa = '', exponent] = text.split('e');
  if (exponent === undefined) return text;
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.slice(sign.length).split('.');
  const digits = whole + fraction;
  // Digits before the point.
  const before = whole.length + Number(exponent);
  return before > 0 ? sign + digits.padEnd(before, '0') : `${sign}0.${'0'.repeat(-before)}${digits}`;
}

function parseHexadecimal(text: string): number {
  const parts = HEXADECIMAL.exec(text);
  if (parts === null) return Number.NaN;
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const digits = Number(`0x${whole}${fraction}`);
  return (sign === '-' ? -1 : 1) * digits * 2 ** (Number(exponent) - 4 * fraction.length);
}
