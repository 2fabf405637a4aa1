/** The file of `--config`: a JSON object of long flag names, read into texts as flags would have them. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { badValue, messageOf, quote, UsageError } from './errors.js';
import { OPTIONS } from './options.js';

/** A value of the file. */
export interface FileValue {
  /** As it would be written on the command line. */
  readonly text: string;
  /** As it is written in the file. */
  readonly shown: string;
}

export interface ConfigFile {
  readonly path: string;
  /** By long flag name. */
  readonly values: ReadonlyMap<string, FileValue>;
}

const object = z.record(z.string(), z.unknown());
const scalar = z.union([z.string(), z.number(), z.boolean()]);

/**
 * Reads a file. Whether a value is allowed is seen when it is looked at, its kind now.
 *
 * @param source what named the file
 * @throws {UsageError} when it can't be read, is no JSON object, or has a name or a kind of value that there is not
 */
export function readConfigFile(path: string, source: string): ConfigFile {
  const parsed = object.safeParse(contentOf(path, source));
  if (!parsed.success) throw bad(path, source, 'it is no object');
  const values = Object.entries(parsed.data).map(([name, value]) => {
    const option = Object.values(OPTIONS).find(({ flag }) => flag === name && flag !== OPTIONS.config.flag);
    if (option === undefined) {
      const allowed = 'a long flag of the server without its dashes, such as port or max-memory';
      throw new UsageError(`unknown name ${quote(name)} in ${path}: must be ${allowed}`);
    }
    const shown = typeof value === 'string' ? value : JSON.stringify(value);
    const { success, data } = scalar.safeParse(value);
    if (!success) {
      throw badValue(sourceOf(name, path), option.show === undefined ? shown : '***', option.allowed);
    }
    return [name, { text: textOf(data), shown }] as const;
  });
  return { path, values: new Map(values) };
}

/** How messages name a value of a file. */
export function sourceOf(name: string, path: string): string {
  return `${name} in ${path}`;
}

function textOf(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return String(value);
}

function contentOf(path: string, source: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw bad(path, source, messageOf(error));
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    // Not in Node's words, which repeat what is there: it may be a secret.
    const place = Number(/at position (\d+)/.exec(messageOf(error))?.[1] ?? Number.NaN);
    const line = text.slice(0, place).split('\n').length;
    throw bad(path, source, Number.isNaN(place) ? 'it is no JSON' : `it is no JSON, from line ${line} on`);
  }
}

function bad(path: string, source: string, reason: string): UsageError {
  return badValue(source, path, `${OPTIONS.config.allowed}: ${reason}`);
}
