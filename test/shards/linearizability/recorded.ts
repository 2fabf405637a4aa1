/**
 * A thread of a recorded history: random operations on the few keys of a round, then on those of the next one. When
 * all threads have done with a round, one of them deletes its keys, so that they need no room for longer.
 */
import type { SetOptions, SharedCache } from '../../../shards/index.js';
import { stepping } from '../stepping.js';
import { flawIn, provingValue, type Random, serialOf } from '../support.js';
import { ABSENT } from './checker.js';
import { type ClockKind, FOUND, type Kind, type Log, Recorder } from './record.js';
import { Schedule } from './schedule.js';

/** What all threads of a history have in common. */
export interface SharedPlan {
  readonly threads: number;
  readonly rounds: number;
  /** Operations of each thread in a round. */
  readonly steps: number;
  /** The keys of a round; with `{}` replaced by the round. */
  readonly keys: readonly string[];
  /** Bytes of the largest values. */
  readonly maxSize: number;
  readonly clock: ClockKind;
  /** One word. */
  readonly counter: Int32Array<SharedArrayBuffer>;
  /** [threads that have come, rounds that have begun], unless there is a schedule. */
  readonly barrier: Int32Array<SharedArrayBuffer>;
  /** Other keys, that are overwritten now and then and not recorded: what they leave has to be made room of. */
  readonly ballast: { readonly keys: number; readonly maxSize: number };
  /** Longest time to live in milliseconds; absent: none. */
  readonly ttl?: number;
  /** Words of a schedule, if threads run by one: see schedule.ts. */
  readonly schedule?: Int32Array<SharedArrayBuffer>;
}

export interface RecordPlan extends SharedPlan {
  /** From 0. */
  readonly thread: number;
  readonly log: Log;
}

const KEY_HEADER = 9;
/** So long that no key expires that is not to. */
const FOREVER = 1_000_000_000;
/** Looks at the barrier before the thread sleeps: the others come in a moment. */
const SPINS = 2_000;

type Report = (flaw: string) => void;

class Actor {
  readonly #cache: SharedCache;
  readonly #plan: RecordPlan;
  readonly #random: Random;
  readonly #recorder: Recorder;
  readonly #report: Report;
  #serial: number;
  #names: readonly string[] = [];
  #firstKey = 0;

  constructor(cache: SharedCache, plan: RecordPlan, random: Random, report: Report) {
    this.#cache = cache;
    this.#plan = plan;
    this.#random = random;
    this.#recorder = new Recorder(plan.log, plan.clock, plan.counter);
    this.#report = report;
    this.#serial = 1 + plan.thread;
  }

  get hasRoom(): boolean {
    return this.#recorder.room >= this.#names.length;
  }

  turnTo(round: number): void {
    this.#names = this.#plan.keys.map((key) => key.replace('{}', String(round)));
    this.#firstKey = round * this.#names.length;
  }

  dropKeys(): void {
    for (const name of this.#names) this.#cache.delete(name);
  }

  act(): void {
    const random = this.#random;
    const { ballast } = this.#plan;
    const key = random.below(this.#names.length);
    switch (random.below(20)) {
      case 0:
      case 1:
      case 2:
      case 3:
        this.#set(key);
        break;
      case 4:
        this.#setMany();
        break;
      case 5:
      case 6:
        this.#delete(key);
        break;
      case 7:
      case 8:
        this.#update(key, () => this.#newValue(key));
        break;
      case 9:
        // Brings it in, if nobody else has.
        this.#update(key, (current) => (current === undefined ? this.#newValue(key) : current));
        break;
      case 10:
        this.#update(key, () => undefined);
        break;
      case 11:
      case 12:
        this.#expire(key);
        break;
      case 13:
        this.#look(key);
        break;
      case 14:
        if (random.chance(4)) this.#clear();
        else this.#getMany();
        break;
      case 15:
      case 16:
        this.#getString(key);
        break;
      default:
        this.#get(key);
    }
    if (ballast.keys > 0 && random.chance(2)) {
      const size = random.below(1 + ballast.maxSize);
      this.#cache.set(`ballast${random.below(ballast.keys)}`, new Uint8Array(size));
    }
  }

  #set(key: number): void {
    const value = this.#newValue(key);
    const record = this.#begin('set', key, this.#serial);
    const stored = this.#cache.set(this.#name(key), value, this.#options());
    this.#recorder.complete(record, this.#recorder.stamp());
    if (!stored) this.#report(`${this.#name(key)}: ${value.length} bytes were refused`);
  }

  #setMany(): void {
    const entries = this.#names.map((name, key) => {
      const value = this.#newValue(key);
      return { entry: [name, value, this.#options()] as const, serial: this.#serial };
    });
    const records = entries.map(({ serial }, key) => this.#begin('set', key, serial));
    this.#cache.setMany(entries.map(({ entry }) => entry));
    const end = this.#recorder.stamp();
    for (const record of records) this.#recorder.complete(record, end);
  }

  #get(key: number): void {
    const record = this.#begin('get', key);
    const value = this.#cache.get(this.#name(key));
    const end = this.#recorder.stamp();
    this.#recorder.complete(record, end, this.#serialIn(key, textOf(value)));
  }

  #getString(key: number): void {
    const record = this.#begin('get', key);
    const value = this.#cache.getString(this.#name(key));
    const end = this.#recorder.stamp();
    this.#recorder.complete(record, end, this.#serialIn(key, value));
  }

  #getMany(): void {
    const records = this.#names.map((_, key) => this.#begin('get', key));
    const values = this.#cache.getMany(this.#names);
    const end = this.#recorder.stamp();
    records.forEach((record, key) => {
      this.#recorder.complete(record, end, this.#serialIn(key, textOf(values[key])));
    });
  }

  #look(key: number): void {
    const record = this.#begin('look', key);
    const found = this.#random.chance(2)
      ? this.#cache.has(this.#name(key))
      : this.#cache.ttl(this.#name(key)) !== undefined;
    this.#recorder.complete(record, this.#recorder.stamp(), Number(found));
  }

  #expire(key: number): void {
    const record = this.#begin('look', key);
    const found = this.#cache.expire(this.#name(key), this.#options().ttl ?? 0);
    this.#recorder.complete(record, this.#recorder.stamp(), Number(found));
  }

  #delete(key: number): void {
    const record = this.#begin('delete', key);
    const found = this.#cache.delete(this.#name(key));
    this.#recorder.complete(record, this.#recorder.stamp(), found ? FOUND : 0);
  }

  #clear(): void {
    const records = this.#names.map((_, key) => this.#begin('clear', key));
    this.#cache.clear();
    const end = this.#recorder.stamp();
    for (const record of records) this.#recorder.complete(record, end);
  }

  #update(key: number, change: (current: string | undefined) => string | undefined): void {
    const record = this.#begin('update', key);
    let wanted: string | undefined;
    const after = this.#cache.update(this.#name(key), (bytes) => {
      const current = textOf(bytes);
      const next = change(current);
      wanted = next;
      const to = next === undefined ? ABSENT : next === current ? this.#serialIn(key, next) : this.#serial;
      this.#recorder.attempt(record, this.#serialIn(key, current), to);
      return next;
    });
    this.#recorder.complete(record, this.#recorder.stamp());
    if (textOf(after) !== wanted) this.#report(`${this.#name(key)}: update gave another value`);
  }

  #begin(kind: Kind, key: number, wrote = 0): number {
    return this.#recorder.begin(kind, this.#firstKey + key, wrote);
  }

  #name(key: number): string {
    return this.#names[key] ?? '';
  }

  #options(): SetOptions {
    const { ttl } = this.#plan;
    const random = this.#random;
    if (ttl === undefined) return random.chance(3) ? { ttl: FOREVER } : {};
    return random.chance(2) ? { ttl: 1 + random.below(ttl) } : {};
  }

  /** A text that proves itself, different from every other one: its number is #serial. */
  #newValue(key: number): string {
    this.#serial += this.#plan.threads;
    const name = this.#name(key);
    const size = KEY_HEADER + name.length + this.#random.size(this.#plan.maxSize >>> 1);
    return Buffer.from(provingValue(name, this.#serial, size).buffer).toString('hex');
  }

  /** The number in a value that was found. One that is not whole is reported. */
  #serialIn(key: number, text: string | undefined): number {
    if (text === undefined) return ABSENT;
    const name = this.#name(key);
    const value = Buffer.from(text, 'hex');
    const flaw = 2 * value.length === text.length ? flawIn(name, value) : `${name}: ${text.slice(0, 80)}`;
    if (flaw === undefined && value.length >= KEY_HEADER) return serialOf(value);
    this.#report(flaw ?? `${name}: ${value.length} bytes`);
    return -1;
  }
}

function textOf(bytes: Uint8Array<ArrayBuffer> | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes.buffer, 0, bytes.length).toString('latin1');
}

/** Does as planned, until it is stopped: so many operations. */
export function record(
  cache: SharedCache,
  plan: RecordPlan,
  random: Random,
  stopped: () => boolean,
  report: Report,
): number {
  const actor = new Actor(cache, plan, random, report);
  const round = (): number => {
    let steps = 0;
    while (steps < plan.steps && actor.hasRoom && !stopped()) {
      actor.act();
      steps++;
    }
    return steps;
  };
  if (plan.schedule !== undefined) return runBySchedule(actor, plan, plan.schedule, round);
  return runFreely(actor, plan, round);
}

function runFreely(actor: Actor, plan: RecordPlan, round: () => number): number {
  let steps = 0;
  for (let i = 0; i < plan.rounds; i++) {
    if (plan.rounds > 1) meet(plan, () => actor.dropKeys());
    actor.turnTo(i);
    steps += round();
  }
  return steps;
}

/** Waits until all threads have come; the last one does what is to be done between two rounds. */
function meet({ barrier, threads }: RecordPlan, between: () => void): void {
  const begun = Atomics.load(barrier, 1);
  if (Atomics.add(barrier, 0, 1) === threads - 1) {
    between();
    Atomics.store(barrier, 0, 0);
    Atomics.store(barrier, 1, begun + 1);
    Atomics.notify(barrier, 1);
    return;
  }
  for (let i = 0; i < SPINS; i++) {
    if (Atomics.load(barrier, 1) !== begun) return;
  }
  // In a loop: the call that wakes those of the last round may come late.
  while (Atomics.load(barrier, 1) === begun) Atomics.wait(barrier, 1, begun);
}

function runBySchedule(
  actor: Actor,
  { thread, threads, rounds }: RecordPlan,
  words: Int32Array,
  round: () => number,
): number {
  const schedule = new Schedule(words, thread, threads);
  const run = (): number => {
    let steps = 0;
    for (let i = 0; i < rounds; i++) {
      actor.turnTo(i);
      schedule.enter();
      steps += round();
      schedule.leave(() => actor.dropKeys());
    }
    return steps;
  };
  if (thread === 0) schedule.begin();
  return stepping(
    run,
    () => schedule.access(),
    (really) => (schedule.giveWay() ? 'timed-out' : really()),
  );
}
