/**
 * From flags, environment and file to one frozen {@link Config}: which source of a value counts, and whether the
 * value is allowed.
 */
import { shardRange } from '../../shards/index.js';
import type { Config } from './config.js';
import { type ConfigFile, readConfigFile, sourceOf } from './config-file.js';
import { badValue, quote, UsageError } from './errors.js';
import { FAULTS_VARIABLE, type Faults, parseFaults } from './faults.js';
import type { ValueFormat } from './formats.js';
import { isLoopback } from './host.js';
import type { Option } from './option.js';
import { MAX_CONCURRENCY, OPTIONS } from './options.js';
import type { RedisAddress } from './redis-address.js';
import { REDIS_HOST, REDIS_PORT, redisPort } from './redis-variables.js';
import { type Setting, settingOf } from './settings.js';
import { assertTokensFit } from './token.js';

/** The flags given on the command line, by their long names. What isn't a string counts as not given. */
export type Flags = Readonly<Record<string, unknown>>;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedConfig {
  readonly config: Config;
  /** What was changed or passed over, or is dangerous, a readable line each. */
  readonly warnings: readonly string[];
  /** Every option, in the order of the table. */
  readonly settings: readonly Setting[];
}

/** Where a value is given, the strongest first. Variables of another program's name are weaker than our own. */
const PLACES = ['flag', 'own variable', 'other variable', 'file', 'default'] as const;

/** A value as it was given, and by what. */
interface Given<Value> {
  readonly text: string;
  /** As it is written where that is not as on the command line. */
  readonly written?: string;
  readonly format: ValueFormat<Value>;
  readonly place: (typeof PLACES)[number];
  /** The flag (`--port`), the variable, or the name in the file. */
  readonly name: string;
  /** For messages; `undefined` for the default. */
  readonly source: string | undefined;
}

/** A value and where it comes from. */
interface Found<Value> {
  readonly value: Value;
  readonly source: string | undefined;
  readonly text: string;
}

/**
 * The configuration. A flag wins over the environment, a variable over those after it in the table, and all of them
 * over the file.
 *
 * @throws {UsageError} for a value that is not allowed; the message names flag, variable or file, value and what is
 *   allowed
 */
export function loadConfig(flags: Flags, environment: Environment): LoadedConfig {
  const warnings: string[] = [];
  const all = new Map<string, Given<unknown>>();
  let file: ConfigFile | undefined;
  const given = <Value>(option: Option<Value>) => {
    const found = findGiven(option, { flags, environment, file }, warnings);
    all.set(option.flag, found);
    return found;
  };
  const find = <Value>(option: Option<Value>) => parse(given(option));

  const path = find(OPTIONS.config);
  if (path.value !== undefined) file = readConfigFile(path.value, path.source ?? '');

  const port = find(OPTIONS.port);
  const maxMemory = find(OPTIONS.maxMemory);
  const stores = [given(OPTIONS.redis), given(OPTIONS.redisCluster), given(OPTIONS.load)] as const;
  const store = theStore(stores, warnings);
  const [redis, redisCluster, load] = stores;
  const staleTtl = find(OPTIONS.staleTtl);
  const authToken = find(OPTIONS.authToken);
  const readOnlyToken = find(OPTIONS.readOnlyToken);
  assertTokensFit(authToken, readOnlyToken);
  const config: Config = {
    port: port.value,
    host: find(OPTIONS.host).value,
    concurrencyLimit: boundedConcurrency(find(OPTIONS.concurrencyLimit), warnings),
    backlogLimit: find(OPTIONS.backlogLimit).value,
    workers: find(OPTIONS.workers).value,
    maxMemory: maxMemory.value,
    maxKeys: find(OPTIONS.maxKeys).value,
    ttl: find(OPTIONS.ttl).value,
    maxValueSize: fittingValueSize(find(OPTIONS.maxValueSize), maxMemory),
    shards: fittingShards(find(OPTIONS.shards), maxMemory),
    redis: store === redis ? redisAddress(redis, environment) : undefined,
    redisCluster: store === redisCluster ? parse(redisCluster).value : undefined,
    redisPrefix: find(OPTIONS.redisPrefix).value,
    staleTtl: staleTtl.value,
    respPort: anotherPort(find(OPTIONS.respPort), port),
    authToken: authToken.value,
    readOnlyToken: readOnlyToken.value,
    rateLimit: find(OPTIONS.rateLimit).value,
    load: store === load ? parse(load).value : undefined,
    snapshot: find(OPTIONS.snapshot).value,
    tlsCert: find(OPTIONS.tlsCert).value,
    tlsKey: find(OPTIONS.tlsKey).value,
    guard: find(OPTIONS.guard).value,
    fastLane: find(OPTIONS.fastLane).value,
    logLevel: find(OPTIONS.logLevel).value,
    ...givenFaults(environment, warnings),
  };
  if (config.staleTtl > 0 && config.redis === undefined && config.redisCluster === undefined) {
    warnings.push(
      `${staleTtl.source} has no effect: there is no --redis or --redis-cluster to be out of reach`,
    );
  }
  if (config.authToken === undefined && !isLoopback(config.host)) {
    warnings.push(
      `${all.get(OPTIONS.host.flag)?.source} lets other machines in, and there is no --auth-token: they can read and write all`,
    );
  }
  const values: Readonly<Record<string, unknown>> = { ...config, config: path.value };
  const settings = Object.entries(OPTIONS).flatMap(([name, { flag }]) => {
    const found = all.get(flag);
    return found === undefined ? [] : settingOf(flag, describe(found), values[name]);
  });
  return { config: Object.freeze(config), warnings, settings };
}

/**
 * The value of one option, for those who need no more of them.
 *
 * @throws {UsageError} as {@link loadConfig}
 */
export function loadOption<Value>(option: Option<Value>, flags: Flags, environment: Environment): Value {
  return parse(findGiven(option, { flags, environment, file: undefined }, [])).value;
}

/** Where values are looked for. */
interface Sources {
  readonly flags: Flags;
  readonly environment: Environment;
  readonly file: ConfigFile | undefined;
}

function findGiven<Value>(
  option: Option<Value>,
  { flags, environment, file }: Sources,
  warnings: string[],
): Given<Value> {
  const flag = `--${option.flag}`;
  const fromFlag = flags[option.flag];
  if (typeof fromFlag === 'string') {
    if (fromFlag === '' && option.mayBeEmpty !== true) throw badValue(flag, fromFlag, option.allowed);
    return { text: fromFlag, format: option, place: 'flag', name: flag, source: flag };
  }

  for (const { name, format = option } of option.environment) {
    const text = environment[name];
    if (text === undefined || (text === '' && option.mayBeEmpty !== true)) continue;
    if (option.foreign?.pattern.test(text) === true) {
      warnings.push(`${name}=${quote(text)} is ignored: ${option.foreign.reason}`);
      continue;
    }
    const place = name.startsWith('HOTSHARD_') ? 'own variable' : 'other variable';
    return { text, format, place, name, source: `${name} (${flag})` };
  }

  const inFile = file?.values.get(option.flag);
  if (file !== undefined && inFile !== undefined) {
    const { text, shown } = inFile;
    const name = sourceOf(option.flag, file.path);
    if (text === '' && option.mayBeEmpty !== true) throw badValue(name, text, option.allowed);
    return { text, written: shown, format: option, place: 'file', name, source: name };
  }

  return { text: option.default, format: option, place: 'default', name: flag, source: undefined };
}

function parse<Value>({ format, text, written, name, source }: Given<Value>): Found<Value> {
  const result = format.schema.safeParse(text);
  if (!result.success) throw badValue(source ?? name, format.show?.(text) ?? written ?? text, format.allowed);
  return { value: result.data, source, text };
}

function describe({ text, format, place, name }: Given<unknown>): Parameters<typeof settingOf>[1] {
  const shown = format.show?.(text) ?? text;
  const { success, data } = format.schema.safeParse(text);
  return { text, shown, source: place === 'default' ? place : name, meaning: success ? data : text };
}

/**
 * Which of several things to stand behind the map counts: the one given in the strongest place. A variable that was
 * set for another program, or for all programs of a machine, does not keep a flag from counting.
 *
 * @throws {UsageError} when the strongest place names two
 */
function theStore(stores: readonly Given<unknown>[], warnings: string[]): Given<unknown> | undefined {
  const given = stores.filter(({ place }) => place !== 'default');
  const strength = ({ place }: Given<unknown>): number => PLACES.indexOf(place);
  const [first, second] = given.sort((a, b) => strength(a) - strength(b));
  if (first !== undefined && second?.place === first.place) {
    throw new UsageError(`${first.source} and ${second.source} exclude each other: must be one of them`);
  }
  for (const { name } of given.slice(1)) warnings.push(`${name} is ignored: ${first?.name} is given`);
  return first;
}

/** REDIS_HOST has its port from REDIS_PORT, if that is there. */
function redisAddress(
  redis: Given<RedisAddress | undefined>,
  environment: Environment,
): RedisAddress | undefined {
  const address = parse(redis).value;
  const text = environment[REDIS_PORT] ?? '';
  if (redis.name !== REDIS_HOST || address === undefined || text === '') return address;
  const source = `${REDIS_PORT} (--${OPTIONS.redis.flag})`;
  const { port } = parse({ ...redis, text, format: redisPort, name: REDIS_PORT, source }).value;
  return { ...address, port };
}

function givenFaults(environment: Environment, warnings: string[]): { readonly faults?: Faults } {
  const text = environment[FAULTS_VARIABLE] ?? '';
  const faults = parseFaults(text);
  if (faults === undefined) return {};
  warnings.push(`${FAULTS_VARIABLE} is set: things go wrong on purpose (${text})`);
  return { faults };
}

/** Each protocol has a port of its own. Any free port is never the other one. */
function anotherPort(respPort: Found<number | undefined>, port: Found<number>): number | undefined {
  if (respPort.value !== port.value || port.value === 0) return respPort.value;
  const other = port.source ?? `--${OPTIONS.port.flag}`;
  const source = respPort.source ?? `--${OPTIONS.respPort.flag}`;
  throw badValue(source, respPort.text, `another port than that of ${other}`);
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
