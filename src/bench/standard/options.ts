/** What `hotshard bench` can be told: a table of its flags, and what is made of them. */
import { z } from 'zod';
import { parseServerUrl } from '../../client.js';
import { badValue, UsageError } from '../../config/errors.js';
import { maskSecrets } from '../../config/redis-address.js';
import { parseDuration, parseSize, SIZE_FORMAT } from '../../config/units.js';

/** Requests per second of the part that measures latency: so many, or a share of the throughput. */
export type Rate =
  | { readonly kind: 'fixed'; readonly requests: number }
  | { readonly kind: 'share'; readonly share: number };

interface Values {
  readonly keys: number;
  /** Bytes. */
  readonly valueSize: number;
  readonly connections: number;
  /** Seconds of each part of each round. */
  readonly duration: number;
  /** Share of reads, 0 to 1. */
  readonly ratio: number;
  readonly rate: Rate;
  readonly rounds: number;
}

export interface BenchOptions extends Values {
  /** Of a server that is running; absent: one is started. */
  readonly url: URL | undefined;
  /** What the server wants to be shown; absent: nothing. */
  readonly token: string | undefined;
  /** For the server that is started. */
  readonly serverFlags: readonly string[];
  /** Where files go; absent: wherever they belong. */
  readonly out: string | undefined;
  /** Nothing was changed: the figures of different machines and versions can be compared. */
  readonly isStandard: boolean;
}

interface Flag<Value> {
  readonly flag: string;
  readonly describe: string;
  readonly default: string;
  /** In place of the default with `--quick`. */
  readonly quick?: string;
  /** After "must be". */
  readonly allowed: string;
  readonly schema: z.ZodType<Value, string>;
}

const FLAGS: { readonly [Name in keyof Values]: Flag<Values[Name]> } = {
  keys: {
    flag: 'keys',
    describe: 'keys, all asked for alike often; each is written before',
    default: '10000',
    quick: '500',
    allowed: 'a whole number from 1 to 10000000',
    schema: wholeNumber(1, 10_000_000),
  },
  valueSize: {
    flag: 'value-size',
    describe: 'size of every value: bytes, or 4kb',
    default: '32',
    allowed: `${SIZE_FORMAT}, from 1 to 1mb`,
    schema: z
      .string()
      .transform(parseSize)
      .pipe(
        z
          .number()
          .min(1)
          .max(2 ** 20),
      ),
  },
  connections: {
    flag: 'connections',
    describe: 'connections, kept open, each with one request under way',
    default: '64',
    quick: '8',
    allowed: 'a whole number from 1 to 10000',
    schema: wholeNumber(1, 10_000),
  },
  duration: {
    flag: 'duration',
    describe: 'length of each part of each round: seconds, or 500ms, 1m',
    default: '10',
    quick: '300ms',
    allowed: 'seconds, or a duration such as 500ms or 1m, from 100ms to 10m',
    schema: z
      .string()
      .transform(parseDuration)
      .pipe(z.number().min(100).max(600_000))
      .transform((milliseconds) => milliseconds / 1000),
  },
  ratio: {
    flag: 'ratio',
    describe: 'reads, in percent of the requests; the others write',
    default: '80',
    allowed: 'a whole number from 0 to 100 (percent of the requests that read)',
    schema: wholeNumber(0, 100).transform((percent) => percent / 100),
  },
  rate: {
    flag: 'rate',
    describe: 'requests per second while latency is measured: a number, or a share of the throughput',
    default: '50%',
    allowed: 'requests per second from 1 to 1000000, or a share of the throughput from 1% to 100%',
    schema: z.union([
      z
        .string()
        .regex(/^\d+%$/)
        .transform((text) => text.slice(0, -1))
        .pipe(wholeNumber(1, 100))
        .transform((percent): Rate => ({ kind: 'share', share: percent / 100 })),
      wholeNumber(1, 1_000_000).transform((requests): Rate => ({ kind: 'fixed', requests })),
    ]),
  },
  rounds: {
    flag: 'rounds',
    describe: 'how often both parts are measured, in turn; the table has medians',
    default: '3',
    quick: '1',
    allowed: 'a whole number from 1 to 99',
    schema: wholeNumber(1, 99),
  },
};

const URL_FORMAT =
  "an http:// URL such as http://127.0.0.1:3000, without a path (https:// can't be measured yet)";

/** For the command line, by long name. */
export const BENCH_FLAGS: Readonly<
  Record<string, { readonly describe: string; readonly defaultDescription?: string; type?: 'boolean' }>
> = {
  ...Object.fromEntries(
    Object.values(FLAGS).map((flag) => [
      flag.flag,
      { describe: flag.describe, defaultDescription: flag.default },
    ]),
  ),
  url: { describe: 'server to measure', defaultDescription: 'one that is started, with one worker' },
  out: {
    describe: 'folder for bench.csv and bench.json',
    defaultDescription: 'hotshard-bench; in a clone, for a run without other flags, results',
  },
  quick: { describe: 'few keys and connections, a moment of load: to see that it works', type: 'boolean' },
};

/**
 * @param given the flags by long name, as they were written
 * @param serverFlags what stood after `--`
 * @param token what the server wants to be shown
 * @throws {UsageError} naming the flag that is wrong and what is allowed
 */
export function parseOptions(
  given: Readonly<Record<string, unknown>>,
  serverFlags: readonly string[],
  token?: string,
): BenchOptions {
  const quick = given.quick === true;
  const take = <Value>({ flag, quick: short, schema, allowed, default: usual }: Flag<Value>): Value => {
    const text = textOf(given, flag) ?? (quick ? (short ?? usual) : usual);
    const { success, data } = schema.safeParse(text);
    if (!success) throw badValue(`--${flag}`, text, allowed);
    return data;
  };
  const { keys, valueSize, connections, duration, ratio, rate, rounds } = FLAGS;
  const url = urlOf(textOf(given, 'url'));
  checkServerFlags(serverFlags, url);
  const out = textOf(given, 'out');
  if (out === '') throw badValue('--out', '', 'the name of a folder');
  return {
    ...{ keys: take(keys), valueSize: take(valueSize), connections: take(connections) },
    ...{ duration: take(duration), ratio: take(ratio), rate: take(rate), rounds: take(rounds) },
    ...{ url, token: tokenAmong(serverFlags) ?? token, serverFlags, out },
    isStandard:
      serverFlags.length === 0 &&
      token === undefined &&
      Object.keys(given).every((flag) => flag === 'out' || flag === '$0'),
  };
}

function textOf(given: Readonly<Record<string, unknown>>, flag: string): string | undefined {
  const value = given[flag];
  return typeof value === 'string' ? value : undefined;
}

function urlOf(text: string | undefined): URL | undefined {
  if (text === undefined) return undefined;
  const url = parseServerUrl(text);
  if (url?.protocol !== 'http:' || url.pathname !== '/') {
    throw badValue('--url', maskSecrets(text), URL_FORMAT);
  }
  return url;
}

function checkServerFlags(flags: readonly string[], url: URL | undefined): void {
  if (flags.length > 0 && url !== undefined) {
    throw new UsageError('flags after -- are for a server that bench starts: there can be none with --url');
  }
  const address = flags.find((flag) => /^(?:--port|-p|--host)(?:=|$)/.test(flag));
  if (address !== undefined) {
    throw new UsageError(`${address} can't be set after --: bench takes a free port of 127.0.0.1`);
  }
}

/** Of the server that is started; the last one counts. */
function tokenAmong(flags: readonly string[]): string | undefined {
  const at = flags.findLastIndex((flag) => /^--auth-token(?:=|$)/.test(flag));
  const flag = flags[at];
  if (flag === undefined) return undefined;
  return flag.includes('=') ? flag.slice(flag.indexOf('=') + 1) : flags[at + 1];
}

function wholeNumber(min: number, max: number): z.ZodType<number, string> {
  return z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(min).max(max));
}
