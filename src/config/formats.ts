/** How the values of options are read from text: the schemas that the table of options is made of. */
import { z } from 'zod';
import { parseDuration, parseSize } from './units.js';

/** How a value is read from text. */
export interface ValueFormat<Value> {
  /** What is allowed, so that "must be …" can stand before it. */
  readonly allowed: string;
  readonly schema: z.ZodType<Value, string>;
  /** How a bad value is shown, where it may hold secrets. Otherwise as it is. */
  readonly show?: (text: string) => string;
}

/** Decimal digits only: no sign, no exponent, no `0x`, no blanks, which `Number` would all take. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): z.ZodType<number, string> {
  return z.string().regex(/^\d+$/).transform(Number).pipe(z.number().int().min(min).max(max));
}

export function size(min: number, max = Number.MAX_SAFE_INTEGER): z.ZodType<number, string> {
  return z.string().transform(parseSize).pipe(z.number().min(min).max(max));
}

/** What a parser makes of a text; `undefined` from it says that the text is bad. */
export function parsed<Value>(parse: (text: string) => Value | undefined): z.ZodType<Value, string> {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue('bad value');
    return z.NEVER;
  });
}

/** The same, where an empty text = none. */
export function optional<Value>(
  parse: (text: string) => Value | undefined,
): z.ZodType<Value | undefined, string> {
  return z.union([z.literal('').transform(() => undefined), parsed(parse)]);
}

/** A path; empty = none. */
export function optionalPath(): z.ZodType<string | undefined, string> {
  // A NUL can't be part of any path, and node:fs would throw later, where nobody knows the flag any more.
  return z
    .string()
    .refine((path) => !path.includes('\0'))
    .transform((path) => (path === '' ? undefined : path));
}

export function duration(): z.ZodType<number, string> {
  return z.string().transform(parseDuration).pipe(z.number());
}

/** Of a variable that has no unit. */
export const milliseconds: ValueFormat<number> = {
  allowed: 'a whole number of milliseconds (0 = none)',
  schema: wholeNumber(0),
};
