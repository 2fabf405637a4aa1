/**
 * From flags and environment to one frozen {@link Config}: which source of a value counts, and whether the value
 * is allowed.
 */
import { shardRange } from '../../shards/index.js';
import type { Config } from './config.js';
import { badValue, quote } from './errors.js';
import { MAX_CONCURRENCY, OPTIONS, type Option, type ValueFormat } from './options.js';

/** The flags given on the command line, by their long names. What isn't a string counts as not given. */
export type Flags = Readonly<Record<string, unknown>>;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedConfig {
  readonly config: Config;
  /** What was changed or passed over, a readable line each. */
  readonly warnings: readonly string[];
}

/** A value and where it comes from: a flag (`--port`), a variable or, when `undefined`, the default. */
interface Found<Value> {
  readonly value: Value;
  readonly source: string | undefined;
  readonly text: string;
}

/**
 * The configuration. A flag wins over the environment, and a variable over those after it in the table.
 *
 * @throws {UsageError} for a value that is not allowed; the message names flag or variable, value and what is
 *   allowed
 */
export function loadConfig(flags: Flags, environment: Environment): LoadedConfig {
  const warnings: string[] = [];
  const find = <Value>(option: Option<Value>) => findValue(option, flags, environment, warnings);

  const maxMemory = find(OPTIONS.maxMemory);
  const config: Config = {
    port: find(OPTIONS.port).value,
    host: find(OPTIONS.host).value,
    concurrencyLimit: boundedConcurrency(find(OPTIONS.concurrencyLimit), warnings),
    backlogLimit: find(OPTIONS.backlogLimit).value,
    workers: find(OPTIONS.workers).value,
    maxMemory: maxMemory.value,
    maxKeys: find(OPTIONS.maxKeys).value,
    ttl: find(OPTIONS.ttl).value,
    maxValueSize: fittingValueSize(find(OPTIONS.maxValueSize), maxMemory),
    shards: fittingShards(find(OPTIONS.shards), maxMemory),
    load: find(OPTIONS.load).value,
    snapshot: find(OPTIONS.snapshot).value,
    guard: find(OPTIONS.guard).value,
    logLevel: find(OPTIONS.logLevel).value,
  };
  return { config: Object.freeze(config), warnings };
}

function findValue<Value>(
  option: Option<Value>,
  flags: Flags,
  environment: Environment,
  warnings: string[],
): Found<Value> {
  const flag = `--${option.flag}`;
  const given = flags[option.flag];
  if (typeof given === 'string') {
    if (given === '' && option.mayBeEmpty !== true) throw badValue(flag, given, option.allowed);
    return parse(option, given, flag);
  }

  for (const { name, format } of option.environment) {
    const text = environment[name];
    if (text === undefined || (text === '' && option.mayBeEmpty !== true)) continue;
    if (option.foreign?.pattern.test(text) === true) {
      warnings.push(`${name}=${quote(text)} is ignored: ${option.foreign.reason}`);
      continue;
    }
    return parse(format ?? option, text, `${name} (${flag})`);
  }

  return { ...parse(option, option.default, flag), source: undefined };
}

function parse<Value>(format: ValueFormat<Value>, text: string, source: string): Found<Value> {
  const result = format.schema.safeParse(text);
  if (!result.success) throw badValue(source, text, format.allowed);
  return { value: result.data, source, text };
}

function boundedConcurrency(limit: Found<number>, warnings: string[]): number {
  if (limit.value <= MAX_CONCURRENCY) return limit.value;
  warnings.push(`${limit.source} is ${limit.text}, more than allowed: ${MAX_CONCURRENCY} is used`);
  return MAX_CONCURRENCY;
}

/** Only somebody who asked for a larger value than fits is told so: the default shrinks with the memory. */
function fittingValueSize(size: Found<number>, memory: Found<number>): number {
  if (size.value <= memory.value) return size.value;
  if (size.source === undefined) return memory.value;
  throw badValue(size.source, size.text, `at most --${OPTIONS.maxMemory.flag}, which is ${memory.text}`);
}

/** A shard is neither too small to work nor larger than one buffer can be. */
function fittingShards(shards: Found<number | undefined>, memory: Found<number>): number | undefined {
  const { least, most } = shardRange(memory.value);
  if (shards.source === undefined || shards.value === undefined) return undefined;
  if (shards.value >= least && shards.value <= most) return shards.value;
  const allowed = `auto, or a whole number from ${least} to ${most} with --${OPTIONS.maxMemory.flag} ${memory.text}`;
  throw badValue(shards.source, shards.text, allowed);
}
