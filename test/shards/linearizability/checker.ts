/**
 * Whether a recorded history of one cache is linearizable: whether every operation can be given one instant between
 * its invocation and its response, such that the operations in the order of these instants are a right sequence
 * (Herlihy and Wing, "Linearizability: A Correctness Condition for Concurrent Objects", TOPLAS 1990).
 *
 * The search is that of Wing and Gong, "Testing and Verifying Concurrent Objects" (JPDC 1993): take any operation
 * that was invoked before every response that is left, apply it, go on; on a response that was not reached, take the
 * last one back. It remembers which operations with which state led nowhere (Lowe, "Testing for Linearizability",
 * 2017), and looks at each key alone, since linearizability is local (Horn and Kroening, "Faster Linearizability
 * Checking via P-Compositionality", FORTE 2015). So does Porcupine (Athalye, 2017).
 *
 * A thread that died in the middle of an operation leaves it pending: it has happened, at some instant after its
 * invocation, or it never will.
 */

/** No value: the key is absent. Values are whole numbers greater than 0, each written at most once per key. */
export const ABSENT = 0;

/** Of an operation that has no response. */
export const PENDING = Infinity;

/** What an operation did, and what it saw. */
export type Effect =
  | { readonly kind: 'set'; readonly value: number }
  /** `value` was found, or ABSENT. */
  | { readonly kind: 'get'; readonly value: number }
  /** `found`: whether the key was there. `has`, `ttl`, and an `expire` that changes the time to live alone. */
  | { readonly kind: 'look'; readonly found: boolean }
  | { readonly kind: 'delete'; readonly found: boolean }
  /** Removes the key, and does not say whether it was there. */
  | { readonly kind: 'clear' }
  /** `from` was found, or ABSENT, and `to` is there now, or ABSENT, without anything in between. */
  | { readonly kind: 'update'; readonly from: number; readonly to: number };

export interface Operation {
  readonly key: string;
  readonly thread: number;
  /** Instant of the invocation. Of two operations, one comes first if its response is before the other's invocation. */
  readonly start: number;
  /** Instant of the response, or PENDING: then what a `get`, `look` or `delete` found means nothing. */
  readonly end: number;
  readonly effect: Effect;
}

/** What may become of a key by itself. */
export interface Rules {
  /**
   * Whether a key may be evicted, or expire: it is absent from some instant on, until it is written again. To let it
   * be evicted when it is next missed is enough: nobody can tell that from an eviction before.
   */
  readonly mayVanish: boolean;
}

/** The state of a key after an effect that completes in it; undefined when it can't. */
export function step(state: number, effect: Effect, { mayVanish }: Rules): number | undefined {
  const canBe = (there: boolean): boolean => (there ? state !== ABSENT : state === ABSENT || mayVanish);
  switch (effect.kind) {
    case 'set':
      return effect.value;
    case 'get':
      if (effect.value === ABSENT) return canBe(false) ? ABSENT : undefined;
      return state === effect.value ? state : undefined;
    case 'look':
      if (!canBe(effect.found)) return undefined;
      return effect.found ? state : ABSENT;
    case 'delete':
      return canBe(effect.found) ? ABSENT : undefined;
    case 'clear':
      return ABSENT;
    case 'update':
      if (effect.from === ABSENT) return canBe(false) ? effect.to : undefined;
      return state === effect.from ? effect.to : undefined;
  }
}

/** The same for a pending operation: it has found whatever was there. Only an update knew what it was to replace. */
function stepPending(state: number, effect: Effect, rules: Rules): number | undefined {
  switch (effect.kind) {
    case 'set':
    case 'update':
      return step(state, effect, rules);
    case 'delete':
    case 'clear':
      return ABSENT;
    default:
      return state;
  }
}

/** One key's operations that have no right order: undefined when every key's have one. */
export function violation(history: readonly Operation[], rules: Rules): readonly Operation[] | undefined {
  for (const operations of byKey(history).values()) {
    if (!isLinearizable(operations, rules)) return operations;
  }
  return undefined;
}

/** A history as text, a line per operation, in the order of invocation. */
export function print(history: readonly Operation[]): string {
  const line = ({ key, thread, start, end, effect }: Operation): string => {
    const { kind, ...rest } = effect;
    return `${start} to ${end}: thread ${thread}: ${kind} ${key} ${JSON.stringify(rest)}`;
  };
  return history
    .toSorted((a, b) => a.start - b.start)
    .map(line)
    .join('\n');
}

function byKey(history: readonly Operation[]): Map<string, Operation[]> {
  const keys = new Map<string, Operation[]>();
  for (const operation of history) {
    const others = keys.get(operation.key);
    if (others === undefined) keys.set(operation.key, [operation]);
    else others.push(operation);
  }
  return keys;
}

/** An invocation or a response in the list of those that are left, in the order of time. */
class Event {
  readonly operation: Operation;
  readonly index: number;
  /** Of an invocation, unless its operation is pending. */
  response: Event | undefined;
  before: Event | undefined;
  after: Event | undefined;

  constructor(operation: Operation, index: number) {
    this.operation = operation;
    this.index = index;
  }

  take(): void {
    if (this.before !== undefined) this.before.after = this.after;
    if (this.after !== undefined) this.after.before = this.before;
  }

  putBack(): void {
    if (this.before !== undefined) this.before.after = this;
    if (this.after !== undefined) this.after.before = this;
  }
}

/** Operations that were given their instants, and the state they lead to: which of both the search has seen. */
class Memory {
  readonly #seen = new Map<number, { taken: Uint32Array; state: number }[]>();

  /** False when it was there already. */
  add(taken: Uint32Array, state: number): boolean {
    let hash = state;
    for (const word of taken) hash = Math.imul(hash ^ word ^ (word >>> 15), 0x01000193);
    const alike = this.#seen.get(hash);
    const isSame = (one: { taken: Uint32Array; state: number }): boolean =>
      one.state === state && one.taken.every((word, i) => word === taken[i]);
    if (alike?.some(isSame)) return false;
    const one = { taken: taken.slice(), state };
    if (alike === undefined) this.#seen.set(hash, [one]);
    else alike.push(one);
    return true;
  }
}

/** Whether operations on one key, absent at first, have a right order. */
export function isLinearizable(operations: readonly Operation[], rules: Rules): boolean {
  const head = listOf(operations);
  const taken = new Uint32Array(Math.ceil(operations.length / 32));
  const memory = new Memory();
  const calls: { event: Event; state: number }[] = [];
  let left = operations.filter(({ end }) => end !== PENDING).length;
  let state = ABSENT;
  let event = head.after;
  while (left > 0) {
    if (event !== undefined && isInvocation(event)) {
      const { operation, index } = event;
      const isPending = operation.end === PENDING;
      const next = (isPending ? stepPending : step)(state, operation.effect, rules);
      if (next !== undefined) {
        flip(taken, index);
        if (memory.add(taken, next)) {
          calls.push({ event, state });
          state = next;
          if (!isPending) left--;
          event.take();
          event.response?.take();
          event = head.after;
          continue;
        }
        flip(taken, index);
      }
      event = event.after;
    } else {
      // A response that nothing before it leads to: the last one taken was wrong.
      const last = calls.pop();
      if (last === undefined) return false;
      state = last.state;
      flip(taken, last.event.index);
      if (last.event.operation.end !== PENDING) left++;
      last.event.response?.putBack();
      last.event.putBack();
      event = last.event.after;
    }
  }
  return true;
}

function flip(bits: Uint32Array, index: number): void {
  bits[index >>> 5] = (bits[index >>> 5] ?? 0) ^ (1 << (index & 31));
}

/** Responses are made with no index of their own. */
const RESPONSE = -1;

function isInvocation({ index }: Event): boolean {
  return index !== RESPONSE;
}

/** Invocations and responses in the order of time, behind a head. At the same instant, invocations come first. */
function listOf(operations: readonly Operation[]): Event {
  const events = operations.flatMap((operation, i) => {
    const invocation = new Event(operation, i);
    if (operation.end === PENDING) return [invocation];
    invocation.response = new Event(operation, RESPONSE);
    return [invocation, invocation.response];
  });
  const timeOf = (event: Event): number =>
    isInvocation(event) ? event.operation.start : event.operation.end;
  events.sort(
    (a, b) => timeOf(a) - timeOf(b) || Number(isInvocation(b)) - Number(isInvocation(a)) || a.index - b.index,
  );
  const head = new Event({ key: '', thread: 0, start: 0, end: 0, effect: { kind: 'clear' } }, RESPONSE);
  let last = head;
  for (const event of events) {
    last.after = event;
    event.before = last;
    last = event;
  }
  return head;
}
