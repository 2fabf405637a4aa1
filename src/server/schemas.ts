/**
 * What clients may send in paths and query strings: the schemas of keys and times to live, and the errors that
 * name what is allowed.
 */
import { badRequest } from '@hapi/boom';
import type { Request } from '@hapi/hapi';
import { z } from 'zod';
import { HOT_DEFAULT, HOT_LEAST, HOT_MOST } from '../telemetry/hot-keys.js';
import { queryValues } from './query.js';

/** Largest key in bytes of UTF-8. */
export const MAX_KEY_BYTES = 512;

const KEY_RULE = `a key is 1 to ${MAX_KEY_BYTES} bytes of UTF-8, percent-encoded`;
/** Beyond it milliseconds are no longer whole numbers. */
const MAX_TTL_SECONDS = Math.floor(Number.MAX_SAFE_INTEGER / 1000);
/** Digits can be matched in one way alone: else many that are no number would take time by the square of how many. */
const DECIMAL = /^(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const TTL_TOO_LONG = `ttl is at most ${MAX_TTL_SECONDS} seconds`;
const TTL_RULE = 'ttl is a time to live in seconds, 0 (none) or more, fractions allowed';

/** A decoded key, of `/…/{key}` or `?key=`. */
export const keySchema = z
  .string()
  .min(1, { error: KEY_RULE })
  // No character takes less than a byte.
  .max(MAX_KEY_BYTES, { error: KEY_RULE })
  .refine((key) => Buffer.byteLength(key) <= MAX_KEY_BYTES, { error: KEY_RULE })
  .meta({ description: `The key: 1 to ${MAX_KEY_BYTES} bytes of UTF-8, percent-encoded.` });

/** The text of one query value as it came: `+` is a space there, and only valid UTF-8 passes. */
function textSchema(rule: string): z.ZodType<string, string> {
  return z.string().transform((raw, context) => {
    try {
      return decodeURIComponent(raw.replaceAll('+', ' '));
    } catch {
      context.addIssue({ code: 'custom', message: rule });
      return z.NEVER;
    }
  });
}

/** The values of `?key=` as they came: exactly one, and text. */
const queryKeySchema = z
  .tuple([textSchema(KEY_RULE)], { error: 'the key must be given once' })
  .transform(([key]) => key);

/** The number that `?ttl=` is. */
export const ttlSecondsSchema = z
  .number({ error: TTL_TOO_LONG })
  .min(0, { error: TTL_RULE })
  .max(MAX_TTL_SECONDS, { error: TTL_TOO_LONG })
  .meta({
    description: 'Time to live in seconds, fractions allowed; 0 is none. Absent: as the server was told.',
  });

/**
 * The values of `?ttl=` as they came, at most one, to milliseconds: rounded up, so that a time to live too
 * short for the clock does not turn into none.
 */
const ttlSchema = z
  .tuple(
    [
      textSchema(TTL_RULE)
        .pipe(z.string().regex(DECIMAL, { error: TTL_RULE }))
        .transform(Number)
        .pipe(ttlSecondsSchema),
    ],
    { error: 'ttl must be given once' },
  )
  .transform(([seconds]) => Math.ceil(seconds * 1000));

const HOT_RULE = `hot is a number of keys, ${HOT_LEAST} to ${HOT_MOST}`;

/** The number that `?hot=` is. */
export const hotSchema = z
  .int({ error: HOT_RULE })
  .min(HOT_LEAST, { error: HOT_RULE })
  .max(HOT_MOST, { error: HOT_RULE })
  .meta({
    description: `Lists so many of the keys that are accessed most; empty: ${HOT_DEFAULT}. The first time it takes a second.`,
  });

/** The values of `?hot=` as they came, at most one. */
const queryHotSchema = z
  .tuple(
    [
      z
        .string()
        .regex(/^\d*$/, { error: HOT_RULE })
        .transform((digits) => (digits === '' ? HOT_DEFAULT : Number(digits)))
        .pipe(hotSchema),
    ],
    { error: 'hot must be given once' },
  )
  .transform(([most]) => most);

/** @throws {Boom} 400 with the schema's own words */
function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw badRequest(result.error.issues[0]?.message);
}

/**
 * The key in the path of a request to `…/{key}`, or to the same path without one.
 *
 * @throws {Boom} 400 when it is none
 */
export function pathKey(request: Request): string {
  return checked(keySchema, request.params.key ?? '');
}

/**
 * The key of `?key=`; `undefined` when the query has no `key`.
 *
 * @throws {Boom} 400 when it has one that is none, or several
 */
export function queryKey(request: Request): string | undefined {
  const values = queryValues(request.raw.req.url ?? '', 'key');
  return values.length === 0 ? undefined : checked(queryKeySchema.pipe(keySchema), values);
}

/**
 * The key of `?key=` for an answer that repeats it: the text, and whether it is a key. Null when there is no text
 * to repeat.
 */
export function repeatableQueryKey(request: Request): { text: string; isKey: boolean } | null {
  const text = queryKeySchema.safeParse(queryValues(request.raw.req.url ?? '', 'key'));
  return text.success ? { text: text.data, isKey: keySchema.safeParse(text.data).success } : null;
}

/**
 * The time to live of `?ttl=SECONDS` in milliseconds, 0 for none; `undefined` when the query has no `ttl`.
 *
 * @throws {Boom} 400 when it is no number, out of range, or given twice
 */
export function queryTtl(request: Request): number | undefined {
  const values = queryValues(request.raw.req.url ?? '', 'ttl');
  return values.length === 0 ? undefined : checked(ttlSchema, values);
}

/**
 * How many keys `?hot=N` asks for; `undefined` when the query has no `hot`.
 *
 * @throws {Boom} 400 when it is no number, out of range, or given twice
 */
export function queryHot(request: Request): number | undefined {
  const values = queryValues(request.raw.req.url ?? '', 'hot');
  return values.length === 0 ? undefined : checked(queryHotSchema, values);
}
