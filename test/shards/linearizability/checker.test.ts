/**
 * The checker of histories itself: hand-made histories of either kind, and thousands of random tiny ones on which it
 * must agree with the definition, tried out by brute force.
 */
import t from 'tap';
import { Random, SEED, seeded, times } from '../support.js';
import {
  ABSENT,
  type Effect,
  isLinearizable,
  type Operation,
  PENDING,
  print,
  type Rules,
  violation,
} from './checker.js';

const STAYS: Rules = { mayVanish: false };
const VANISHES: Rules = { mayVanish: true };

const set = (value: number): Effect => ({ kind: 'set', value });
const get = (value: number): Effect => ({ kind: 'get', value });
const look = (found: boolean): Effect => ({ kind: 'look', found });
const remove = (found: boolean): Effect => ({ kind: 'delete', found });
const update = (from: number, to: number): Effect => ({ kind: 'update', from, to });
const clear: Effect = { kind: 'clear' };

type Line = readonly [start: number, end: number, effect: Effect];

function history(...lines: readonly Line[]): Operation[] {
  return lines.map(([start, end, effect], thread) => ({ key: 'k', thread, start, end, effect }));
}

t.test('accepts what has a right order', async (t) => {
  const right: Record<string, Operation[]> = {
    nothing: [],
    'one after the other': history([1, 2, get(ABSENT)], [3, 4, set(1)], [5, 6, get(1)], [7, 8, remove(true)]),
    'a read during a write sees either': history([1, 4, set(1)], [2, 3, get(1)]),
    'a read during a write sees the old one': history([1, 4, set(1)], [2, 3, get(ABSENT)]),
    'two writes in the order that the reads say': history(
      [1, 10, set(1)],
      [2, 9, set(2)],
      [11, 12, get(1)],
      [13, 14, get(1)],
    ),
    'a read that goes on over two writes': history([1, 20, get(1)], [2, 3, set(1)], [4, 5, set(2)]),
    'the same instant is not before': history([1, 2, set(1)], [2, 3, get(ABSENT)]),
    'an update that waited': history([1, 2, set(1)], [3, 9, update(2, 3)], [4, 5, set(2)], [10, 11, get(3)]),
    'bring in once': history([1, 5, update(ABSENT, 1)], [2, 6, update(1, 2)], [7, 8, get(2)]),
    'deleted by one of two': history([1, 2, set(1)], [3, 6, remove(true)], [4, 5, remove(false)]),
    'cleared in between': history([1, 2, set(1)], [3, 6, clear], [4, 5, get(1)], [7, 8, look(false)]),
  };
  for (const [name, operations] of Object.entries(right)) {
    t.equal(isLinearizable(operations, STAYS), true, name);
    t.equal(isLinearizable(operations, VANISHES), true, name);
  }
});

t.test('rejects what has none', async (t) => {
  const wrong: Record<string, Operation[]> = {
    'a value that nobody wrote': history([1, 2, get(1)]),
    'a value from the future': history([1, 2, get(1)], [3, 4, set(1)]),
    'an overwritten value': history([1, 2, set(1)], [3, 4, set(2)], [5, 6, get(1)]),
    'a deleted value': history([1, 2, set(1)], [3, 4, remove(true)], [5, 6, get(1)]),
    'a cleared value': history([1, 2, set(1)], [3, 4, clear], [5, 6, look(true)]),
    'new, then old again': history([1, 2, set(1)], [3, 20, set(2)], [4, 5, get(2)], [6, 7, get(1)]),
    'two readers that saw two writes in two orders': history(
      [1, 30, set(1)],
      [2, 29, set(2)],
      [3, 4, get(1)],
      [5, 6, get(2)],
      [7, 8, get(1)],
    ),
    'a lost update': history([1, 2, set(1)], [3, 6, update(1, 2)], [4, 5, update(1, 3)]),
    'brought in twice': history(
      [1, 4, update(ABSENT, 1)],
      [2, 3, update(ABSENT, 2)],
      [5, 6, get(1)],
      [7, 8, get(2)],
    ),
    'a change of expiry that brings a value back': history(
      [1, 2, set(1)],
      [3, 4, set(2)],
      [5, 6, look(true)],
      [7, 8, get(1)],
    ),
  };
  for (const [name, operations] of Object.entries(wrong)) {
    t.equal(isLinearizable(operations, STAYS), false, name);
    t.equal(isLinearizable(operations, VANISHES), false, `${name}, evictions or not`);
  }
});

t.test('a key that is missing is right only where it may be evicted', async (t) => {
  const missing: Record<string, Operation[]> = {
    'read as absent': history([1, 2, set(1)], [3, 4, get(ABSENT)]),
    'not there': history([1, 2, set(1)], [3, 4, look(false)]),
    'not deleted': history([1, 2, set(1)], [3, 4, remove(false)]),
    'brought in again': history([1, 2, set(1)], [3, 4, update(ABSENT, 2)], [5, 6, get(2)]),
    'deleted twice': history([1, 2, set(1)], [3, 4, update(ABSENT, 2)], [5, 6, get(ABSENT)]),
  };
  for (const [name, operations] of Object.entries(missing)) {
    t.equal(isLinearizable(operations, STAYS), false, name);
    t.equal(isLinearizable(operations, VANISHES), true, name);
  }
  const back = history([1, 2, set(1)], [3, 4, get(ABSENT)], [5, 6, get(1)]);
  t.equal(isLinearizable(back, VANISHES), false, 'what was evicted does not come back');
});

t.test('an operation that never ended has happened once, or not at all', async (t) => {
  const begun = [1, PENDING, set(1)] as const;
  t.equal(isLinearizable(history(begun, [3, 4, get(ABSENT)]), STAYS), true);
  t.equal(isLinearizable(history(begun, [3, 4, get(1)]), STAYS), true);
  t.equal(isLinearizable(history(begun, [3, 4, get(ABSENT)], [5, 6, get(1)]), STAYS), true);
  t.equal(isLinearizable(history(begun, [3, 4, get(1)], [5, 6, get(ABSENT)]), STAYS), false);
  t.equal(isLinearizable(history(begun, [3, 4, get(1)], [5, 6, set(2)], [7, 8, get(1)]), STAYS), false);
  t.equal(isLinearizable(history([2, 3, get(1)], [4, PENDING, set(1)]), STAYS), false, 'nor before it began');
  const pending = history([1, 2, set(1)], [3, PENDING, remove(false)], [4, 5, get(1)], [6, 7, get(ABSENT)]);
  t.equal(isLinearizable(pending, STAYS), true, 'what it would have found is not known');
  const updating = [2, PENDING, update(1, 2)] as const;
  t.equal(isLinearizable(history([1, 2, set(1)], updating, [3, 4, get(2)]), STAYS), true);
  t.equal(
    isLinearizable(history([1, 2, set(3)], updating, [3, 4, get(2)]), STAYS),
    false,
    'but what it replaces is',
  );
});

t.test('keys are looked at one by one, and the wrong one is named', async (t) => {
  const right = history([1, 2, set(1)], [3, 4, get(1)]);
  const wrong = history([1, 2, set(1)], [3, 4, get(2)]).map((operation) => ({ ...operation, key: 'other' }));
  t.equal(violation(right, STAYS), undefined);
  t.strictSame(violation([...right, ...wrong], STAYS), wrong);
  t.equal(print(wrong), '1 to 2: thread 0: set other {"value":1}\n3 to 4: thread 1: get other {"value":2}');
});

t.test('long histories of many threads take no time, right or wrong', async (t) => {
  const random = new Random(SEED);
  const threads = 5;
  const operations: Operation[] = [];
  let state = ABSENT;
  for (let i = 0; i < 4_000; i++) {
    const at = 10 * i;
    const isRead = random.chance(2);
    if (!isRead) state = i + 1;
    const effect = isRead ? get(state) : set(state);
    // All instants are 10 apart, and each operation reaches over several of them.
    const [start, end] = [at - random.below(3) * 10 - 1, at + random.below(3) * 10 + 1];
    operations.push({ key: 'k', thread: i % threads, start, end, effect });
  }
  t.equal(isLinearizable(operations, STAYS), true, seeded('right'));
  t.equal(
    isLinearizable([...operations, ...history([50_000, 50_001, get(1)])], STAYS),
    false,
    seeded('wrong'),
  );
});

// ---- against the definition -------------------------------------------------------------------------------------

/**
 * By brute force: every choice of pending operations that have happened, in every order. Evictions are events of
 * their own, that may come anywhere: all states that are possible are gone on with.
 */
function hasRightOrder(operations: readonly Operation[], { mayVanish }: Rules): boolean {
  const completed = operations.filter(({ end }) => end !== PENDING);
  const pending = operations.filter(({ end }) => end === PENDING);
  return subsets(pending).some((happened) =>
    permutations([...completed, ...happened]).some((order) => keepsTime(order) && isRight(order, mayVanish)),
  );
}

function subsets<T>(all: readonly T[]): T[][] {
  return Array.from({ length: 2 ** all.length }, (_, chosen) => all.filter((_, i) => chosen & (1 << i)));
}

function permutations<T>(all: readonly T[]): T[][] {
  if (all.length === 0) return [[]];
  return all.flatMap((one, i) => permutations(all.toSpliced(i, 1)).map((rest) => [one, ...rest]));
}

function keepsTime(order: readonly Operation[]): boolean {
  return order.every((one, i) => order.slice(i + 1).every((later) => later.end >= one.start));
}

function isRight(order: readonly Operation[], mayVanish: boolean): boolean {
  let states = new Set([ABSENT]);
  for (const { effect, end } of order) {
    if (mayVanish) states.add(ABSENT);
    states = new Set([...states].flatMap((state) => after(state, effect, end === PENDING)));
    if (states.size === 0) return false;
  }
  return true;
}

/** The state after an effect, or none: the sequential cache, said once more. */
function after(state: number, effect: Effect, isPending: boolean): number[] {
  const is = state !== ABSENT;
  switch (effect.kind) {
    case 'set':
      return [effect.value];
    case 'clear':
      return [ABSENT];
    case 'get':
      return isPending || effect.value === state ? [state] : [];
    case 'look':
      return isPending || effect.found === is ? [state] : [];
    case 'delete':
      return isPending || effect.found === is ? [ABSENT] : [];
    case 'update':
      return effect.from === state ? [effect.to] : [];
  }
}

/** An operation that is right in some state, or that is anything at all. */
function randomEffect(random: Random, state: number, value: number, sane: boolean): Effect {
  const seen = sane ? state : random.below(4);
  const found = sane ? state !== ABSENT : random.chance(2);
  switch (random.below(7)) {
    case 0:
    case 1:
      return set(value);
    case 2:
      return remove(found);
    case 3:
      return look(found);
    case 4:
      return random.chance(3) ? clear : get(seen);
    case 5:
      return update(seen, random.chance(3) ? ABSENT : value);
    default:
      return get(seen);
  }
}

function randomHistory(random: Random): Operation[] {
  const length = 1 + random.below(5);
  const spread = 1 + random.below(5);
  // With one that is made up, the history is as likely right as wrong.
  const madeUp = random.below(length + 1);
  let state = ABSENT;
  return Array.from({ length }, (_, i) => {
    const effect = randomEffect(random, state, i + 1, i !== madeUp);
    state = after(state, effect, false)[0] ?? state;
    if (random.chance(8)) state = ABSENT;
    const start = 2 * i - random.below(2 * spread);
    const end = random.chance(8) ? PENDING : 2 * i + random.below(2 * spread);
    return { key: 'k', thread: i, start, end, effect };
  });
}

t.test('agrees with the definition on random histories of up to five operations', async (t) => {
  const random = new Random(SEED);
  const verdicts = { right: 0, wrong: 0 };
  const disagreements: string[] = [];
  for (let i = 0; i < times(20_000); i++) {
    const operations = randomHistory(random);
    for (const rules of [STAYS, VANISHES]) {
      const expected = hasRightOrder(operations, rules);
      verdicts[expected ? 'right' : 'wrong']++;
      if (isLinearizable(operations, rules) !== expected) {
        disagreements.push(
          `${expected ? 'right' : 'wrong'}, ${JSON.stringify(rules)}:\n${print(operations)}`,
        );
      }
    }
  }
  t.strictSame(disagreements.slice(0, 3), [], seeded('disagreements'));
  t.comment(`${verdicts.right} right, ${verdicts.wrong} wrong`);
  t.ok(Math.min(verdicts.right, verdicts.wrong) > (verdicts.right + verdicts.wrong) / 10, 'plenty of either');
});
