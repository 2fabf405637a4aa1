/** Figures as they are printed: what a text says, and how a value is written in the same way. */

/** What the words around one number do not matter for: "about 140 ns" has the number 140. */
const NUMBER = /[-−]?\d[\d,]*(?:\.\d+)?/g;
const ABOUT = /^about\b/;

/** Rounding errors of the arithmetic, by the size of the value. */
const EPSILON = 1e-9;

/** Undefined when the text says what the value is; otherwise the text to write instead. */
export function correction(text: string, value: number | string): string | undefined {
  if (typeof value === 'string') return text === value ? undefined : value;
  const found = text.match(NUMBER) ?? [];
  if (found.length !== 1)
    throw new Error(`there must be one number in the text of a link, not ${found.length}`);
  const [number] = found;
  const digits = number.split('.')[1]?.length ?? 0;
  const printed = Number(number.replaceAll(',', '').replace('−', '-'));
  const unit = ABOUT.test(text) ? roundUnit(number) : 10 ** -digits;
  if (Math.abs(value - printed) <= unit / 2 + EPSILON * Math.max(1, Math.abs(value))) return undefined;
  return text.replace(NUMBER, printedAs(Math.round(value / unit) * unit, digits));
}

/** With so many digits after the point, and commas between thousands. */
export function printedAs(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Of "140", 10; of "9,300", 100; of "0.5", 0.1: what a rounded number is rounded to. */
function roundUnit(number: string): number {
  const digits = number.split('.')[1]?.length;
  if (digits !== undefined) return 10 ** -digits;
  return 10 ** (/0*$/.exec(number.replaceAll(',', ''))?.[0].length ?? 0);
}
