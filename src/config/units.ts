/**
 * Sizes and durations as people write them. Both turn into whole numbers of the smallest unit that the rest of
 * the program uses: bytes and milliseconds.
 */

/** What {@link parseSize} takes, for messages. */
export const SIZE_FORMAT = 'a number of bytes, or a size such as 64kb, 256mb or 1.5gb';

/** What {@link parseDuration} takes, for messages. */
export const DURATION_FORMAT =
  'a duration such as 250ms, 10s, 5m, 1h or 1d (a bare number is seconds, 0 = none)';

const SIZE = /^(?<amount>\d+(?:\.\d+)?)(?<unit>kb|mb|gb)$|^(?<bytes>\d+)$/i;
const BYTES_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['kb', 2 ** 10],
  ['mb', 2 ** 20],
  ['gb', 2 ** 30],
]);

const DURATION = /^(?<amount>\d+(?:\.\d+)?)(?<unit>ms|s|m|h|d)?$/;
const MILLISECONDS_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/**
 * Bytes of a size: a whole number of bytes, or an amount with `kb`, `mb` or `gb` (powers of 1024, any case,
 * fractions allowed, rounded to the nearest byte).
 *
 * @returns `undefined` when it is no size, or one beyond `Number.MAX_SAFE_INTEGER`
 */
export function parseSize(text: string): number | undefined {
  const groups = SIZE.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { amount, unit, bytes } = groups;
  if (bytes !== undefined) return wholeNumber(Number(bytes));
  return wholeNumber(Number(amount) * (BYTES_PER_UNIT.get(unit?.toLowerCase() ?? '') ?? Number.NaN));
}

/**
 * Milliseconds of a duration: an amount with `ms`, `s`, `m`, `h` or `d`, or a bare number of seconds; fractions
 * allowed. 0 in any unit is 0, which means "none" wherever a duration is configured.
 *
 * @returns `undefined` when it is no duration, or one beyond `Number.MAX_SAFE_INTEGER`
 */
export function parseDuration(text: string): number | undefined {
  const groups = DURATION.exec(text)?.groups;
  if (groups === undefined) return undefined;
  return wholeNumber(Number(groups.amount) * (MILLISECONDS_PER_UNIT.get(groups.unit ?? 's') ?? Number.NaN));
}

/** Rounds, but never a positive amount to 0: 0 would turn "very little" into "none". */
function wholeNumber(amount: number): number | undefined {
  const rounded = amount > 0 ? Math.max(1, Math.round(amount)) : amount;
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}
