/**
 * A plain Map with times to live and labels, and random histories of a cache that must agree with it: what is found
 * equals the model; what is missing was evicted or has expired, and was counted so; what is hidden shows in no public
 * call; the map is sound at the end.
 */
import fc from 'fast-check';
import type { Test } from 'tap';
import {
  ABSENT,
  type CacheOptions,
  type LabelledEntry,
  NEVER,
  type SharedCache,
} from '../../shards/index.js';
import { FakeClock, provingValue, SEED, times } from './support.js';

interface Expected {
  readonly value: Uint8Array;
  /** Milliseconds since the epoch; Infinity = never. */
  readonly expiry: number;
  /** Below 0: hidden. */
  readonly label: number;
}

export class Model {
  readonly entries = new Map<string, Expected>();
  /** Values that the cache must have evicted, as it did not have them. */
  evicted = 0;
  /** Keys brought in, and taken out one by one. */
  serial = 0;
}

export class System {
  readonly cache: SharedCache;
  readonly clock: FakeClock;
  readonly options: CacheOptions;

  constructor(cache: SharedCache, clock: FakeClock) {
    this.cache = cache;
    this.clock = clock;
    this.options = cache.handle.options;
  }
}

type Command = fc.Command<Model, System>;

function same(actual: Uint8Array | undefined, expected: Uint8Array): boolean {
  return actual !== undefined && Buffer.compare(actual, expected) === 0;
}

function verify(right: boolean, message: () => string): void {
  if (!right) throw new Error(message());
}

/** The model's living entry; what has expired is dropped. */
function living(model: Model, { clock }: System, key: string): Expected | undefined {
  const entry = model.entries.get(key);
  if (entry === undefined || entry.expiry > clock.now) return entry;
  model.entries.delete(key);
  return undefined;
}

/** The same, if it is a value. */
function shown(model: Model, system: System, key: string): Expected | undefined {
  const entry = living(model, system, key);
  return entry === undefined || entry.label < 0 ? undefined : entry;
}

/** What the cache does not have any more was evicted: who is hidden is not counted so. */
function forget(model: Model, key: string): void {
  if ((model.entries.get(key)?.label ?? -1) >= 0) model.evicted++;
  model.entries.delete(key);
}

/** What was found under a key is the model's; when nothing was found, the key was evicted. */
function compare(model: Model, system: System, key: string, value: Uint8Array | undefined): void {
  const expected = shown(model, system, key);
  if (value === undefined) {
    if (expected !== undefined) forget(model, key);
    return;
  }
  verify(expected !== undefined, () => `${key} was found, and should not be`);
  verify(expected !== undefined && same(value, expected.value), () => `${key} has another value`);
}

/** The same for an entry, hidden or not. */
function compareEntry(model: Model, system: System, key: string, entry: LabelledEntry | undefined): void {
  const expected = living(model, system, key);
  if (entry === undefined) {
    if (expected !== undefined) forget(model, key);
    return;
  }
  const expiry = entry.expiry === NEVER ? Infinity : entry.expiry;
  verify(expected !== undefined, () => `the entry of ${key} was found, and should not be`);
  verify(expected !== undefined && same(entry.value, expected.value), () => `${key}: another value`);
  verify(entry.label === expected?.label, () => `${key}: label ${entry.label} for ${expected?.label}`);
  verify(expiry === expected?.expiry, () => `${key}: expiry ${expiry} for ${expected?.expiry}`);
}

const expiryAfter = (now: number, ttl: number | undefined): number =>
  ttl === undefined || ttl === 0 ? Infinity : now + ttl;

class Step implements Command {
  readonly #text: string;
  readonly #run: (model: Model, system: System) => void;

  constructor(text: string, run: (model: Model, system: System) => void) {
    this.#text = text;
    this.#run = run;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, system: System): void {
    this.#run(model, system);
    const { maxKeys = 0 } = system.options;
    const { size } = system.cache;
    verify(maxKeys === 0 || size <= maxKeys, () => `${size} keys, of at most ${maxKeys}`);
    const { evictions, keys, hidden } = system.cache.stats();
    verify(maxKeys === 0 || keys + hidden <= maxKeys, () => `${keys} keys and ${hidden} hidden entries`);
    verify(keys === size, () => `stats say ${keys} keys, size ${size}`);
    verify(model.evicted <= evictions, () => `${model.evicted} keys are missing, ${evictions} were evicted`);
  }

  toString(): string {
    return this.#text;
  }
}

export function set(key: string, size: number, ttl: number | undefined): Step {
  return new Step(`set(${key}, ${size} bytes, ${ttl})`, (model, { cache, clock }) => {
    const value = provingValue(key, model.serial++, size);
    verify(cache.set(key, value, ttl === undefined ? {} : { ttl }), () => `${key} was refused`);
    model.entries.set(key, { value, expiry: expiryAfter(clock.now, ttl), label: 0 });
    verify(same(cache.get(key), value), () => `${key} was not found right after`);
  });
}

export function get(key: string): Step {
  return new Step(`get(${key})`, (model, system) => {
    const { cache } = system;
    const there = cache.has(key);
    const left = cache.ttl(key);
    const value = cache.get(key);
    verify(there === (value !== undefined), () => `has says ${there} of ${key}`);
    compare(model, system, key, value);
    const expected = shown(model, system, key);
    if (expected === undefined) verify(left === undefined, () => `${key} has ${left} ms to live`);
    else verify(left === expected.expiry - system.clock.now, () => `${key} has ${left} ms to live`);
  });
}

function remove(key: string): Step {
  return new Step(`delete(${key})`, (model, system) => {
    const expected = shown(model, system, key);
    const deleted = system.cache.delete(key);
    verify(!deleted || expected !== undefined, () => `${key} was deleted, and was not there`);
    if (!deleted && expected !== undefined) model.evicted++;
    model.entries.delete(key);
    verify(!system.cache.has(key), () => `${key} is there after its deletion`);
    verify(system.cache.entries.read(key) === undefined, () => `${key}: what was hidden is left`);
  });
}

function update(key: string, size: number | undefined): Step {
  return new Step(`update(${key}, ${size})`, (model, system) => {
    const { cache } = system;
    const next = size === undefined ? undefined : provingValue(key, model.serial++, size);
    const after = cache.update(key, (current) => {
      compare(model, system, key, current);
      return next;
    });
    verify(
      next === undefined ? after === undefined : same(after, next),
      () => `${key}: update gave another value`,
    );
    const expected = shown(model, system, key);
    // Nothing is deleted where there is no value.
    if (next !== undefined)
      model.entries.set(key, { value: next, expiry: expected?.expiry ?? Infinity, label: 0 });
    else if (expected !== undefined) model.entries.delete(key);
  });
}

function expire(key: string, ttl: number): Step {
  return new Step(`expire(${key}, ${ttl})`, (model, system) => {
    const { cache, clock } = system;
    compare(model, system, key, cache.get(key));
    const expected = shown(model, system, key);
    verify(cache.expire(key, ttl) === (expected !== undefined), () => `expire(${key}) went wrong`);
    if (expected !== undefined) model.entries.set(key, { ...expected, expiry: expiryAfter(clock.now, ttl) });
  });
}

/** What a conditional call expects: whatever is there; what was found right before; nothing; another label. */
const CONDITIONS = ['any', 'found', 'absent', 'other'] as const;
type Condition = (typeof CONDITIONS)[number];

function read(key: string): Step {
  return new Step(`entries.read(${key})`, (model, system) => {
    compareEntry(model, system, key, system.cache.entries.read(key));
  });
}

function expectationOf(
  found: LabelledEntry | undefined,
  condition: Condition,
): LabelledEntry | typeof ABSENT | undefined {
  if (condition === 'any') return undefined;
  if (condition === 'absent' || found === undefined) return ABSENT;
  // Of another life of its segment: so its content decides.
  return condition === 'found' ? found : { ...found, age: found.age - 1, label: found.label + 1 };
}

function put(key: string, size: number, ttl: number | undefined, label: number, condition: Condition): Step {
  return new Step(`entries.put(${key}, ${size} bytes, ${ttl}, ${label}, ${condition})`, (model, system) => {
    const { entries } = system.cache;
    const found = entries.read(key);
    compareEntry(model, system, key, found);
    const value = provingValue(key, model.serial++, size);
    const expiry = expiryAfter(system.clock.now, ttl);
    const options = { expiry: expiry === Infinity ? NEVER : expiry, label };
    const outcome = entries.put(key, value, options, expectationOf(found, condition));
    const after = entries.read(key);
    const allowed = condition === 'any' || found === undefined || condition === 'found';
    // To make room for the write may have evicted what it expects, or expects not to be.
    const wasEvicted = outcome === 'kept' ? after === undefined : condition === 'absent';
    verify(outcome === (allowed ? 'stored' : 'kept') || wasEvicted, () => `${key} was ${outcome}`);
    if (outcome === 'stored') {
      if (!allowed) forget(model, key);
      model.entries.set(key, { value, expiry, label });
    }
    compareEntry(model, system, key, after);
  });
}

function removeEntry(key: string, condition: Exclude<Condition, 'absent'>): Step {
  return new Step(`entries.delete(${key}, ${condition})`, (model, system) => {
    const { entries } = system.cache;
    const found = entries.read(key);
    compareEntry(model, system, key, found);
    const expected = expectationOf(found, condition);
    const deleted = entries.delete(key, expected === ABSENT ? undefined : expected);
    const right = found !== undefined && condition !== 'other';
    verify(deleted === right, () => `${key} was ${deleted ? '' : 'not '}deleted`);
    if (deleted) model.entries.delete(key);
    compareEntry(model, system, key, entries.read(key));
  });
}

function pass(milliseconds: number): Step {
  return new Step(`pass(${milliseconds})`, (_model, { clock }) => {
    clock.now += milliseconds;
  });
}

function clear(): Step {
  return new Step('clear()', (model, { cache }) => {
    cache.clear();
    model.entries.clear();
    verify(cache.size === 0, () => `${cache.size} keys after clear()`);
  });
}

function list(): Step {
  return new Step('keys()', (model, system) => {
    const keys = [...system.cache.keys()];
    verify(new Set(keys).size === keys.length, () => 'keys() gave a key twice');
    for (const key of keys) {
      verify(shown(model, system, key) !== undefined, () => `keys() gave ${key}, which should not be there`);
    }
  });
}

/** Many sets in one command: what it takes to fill the larger caches. */
function fill(what: string, keys: readonly string[], size: number): Step {
  return new Step(`fill(${what}, ${keys.length} times ${size} bytes)`, (model, system) => {
    for (const key of keys) set(key, size, undefined).run(model, system);
  });
}

/** Keys to choose from. */
export interface Names {
  /** Those that most operations are about. */
  readonly few: readonly string[];
  /** By what they are called: groups of many that are set one after the other. */
  readonly many: Readonly<Record<string, readonly string[]>>;
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}`);
}

const NAMES: Names = {
  few: numbered('k', 40),
  many: { f: numbered('f', 1000), k: numbered('k', 1000) },
};

function commandsFor(maxSize: number, maxMemory: number, names: Names): fc.Arbitrary<Iterable<Command>> {
  const key = fc.constantFrom(...names.few);
  const size = fc.oneof(fc.integer({ min: 0, max: 80 }), fc.integer({ min: 0, max: maxSize }));
  const ttl = fc.oneof(fc.constant(undefined), fc.constant(0), fc.integer({ min: 1, max: 1000 }));
  const label = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer());
  const most = Math.min(1000, Math.ceil((2 * maxMemory) / 1_000));
  const steps: fc.Arbitrary<Step>[] = [
    fc.tuple(key, size, ttl).map((args) => set(...args)),
    fc.tuple(key, size, ttl).map((args) => set(...args)),
    key.map(get),
    key.map(get),
    key.map(remove),
    key.map(read),
    fc.tuple(key, size, ttl, label, fc.constantFrom(...CONDITIONS)).map((args) => put(...args)),
    fc.tuple(key, size, ttl, label, fc.constantFrom(...CONDITIONS)).map((args) => put(...args)),
    fc.tuple(key, fc.constantFrom('any', 'found', 'other')).map((args) => removeEntry(...args)),
    fc.tuple(key, fc.option(size, { nil: undefined })).map((args) => update(...args)),
    fc.tuple(key, fc.integer({ min: 0, max: 1000 })).map((args) => expire(...args)),
    fc.integer({ min: 1, max: 400 }).map(pass),
    fc.constant(clear()),
    fc.constant(list()),
    fc
      .tuple(
        fc.constantFrom(...Object.keys(names.many)),
        fc.integer({ min: 1, max: most }),
        fc.integer({ min: 0, max: Math.min(1_000, maxSize) }),
      )
      .map(([group, count, size]) => fill(group, (names.many[group] ?? []).slice(0, count), size)),
  ];
  return fc.commands(steps, { maxCommands: 60, size: 'max' });
}

/** At the end: each key of the model is looked for, and all that is missing is accounted for. */
function settle(model: Model, system: System): void {
  const { cache } = system;
  for (const key of [...model.entries.keys()]) {
    get(key).run(model, system);
    read(key).run(model, system);
  }
  const keys = [...cache.keys()];
  const expected = [...model.entries.values()].filter(({ label }) => label >= 0).length;
  verify(keys.length === expected, () => `${keys.length} keys, the model has ${expected}`);
  const stats = cache.stats();
  verify(
    model.evicted <= stats.evictions,
    () => `${model.evicted} keys are missing, ${stats.evictions} were evicted`,
  );
  const errors = cache.integrityErrors();
  verify(errors.length === 0, () => errors.slice(0, 3).join('; '));
  cache.clear();
  verify(cache.stats().bytesUsed === 0, () => `${cache.stats().bytesUsed} bytes are used by nothing`);
  verify(cache.stats().hidden === 0, () => `${cache.stats().hidden} entries are hidden, of none`);
}

/**
 * Has random histories of new caches agree with the model. Failures are shrunk.
 *
 * @param runs of HOTSHARD_EFFORT 1
 */
export function checkModel(
  t: Test,
  create: () => SharedCache,
  maxSize: number,
  runs: number,
  names: Names = NAMES,
): void {
  const clock = new FakeClock();
  t.teardown(() => clock.restore());
  const { maxMemory } = create().handle.options;
  const history = fc.property(commandsFor(maxSize, maxMemory, names), (commands) => {
    const model = new Model();
    const system = new System(create(), clock);
    fc.modelRun(() => ({ model, real: system }), commands);
    settle(model, system);
  });
  const result = fc.check(history, { seed: SEED, numRuns: times(runs), interruptAfterTimeLimit: 60_000 });
  t.equal(result.failed ? fc.defaultReportMessage(result) : undefined, undefined);
}
