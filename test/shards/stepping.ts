/** Stopping a thread at each of its accesses to shared words: to let another one act, or to die there. */

type Word = Int32Array<SharedArrayBuffer>;

/** Something that waits for another thread far longer than it ever should. */
export class Hangs extends Error {
  override readonly name = 'Hangs';
}

/** Naps of a millisecond after which it hangs. */
const NAPS = 3_000;

/** What a thread does that waits for another one. */
export type Nap = (really: () => 'ok' | 'not-equal' | 'timed-out') => 'ok' | 'not-equal' | 'timed-out';

/**
 * Runs `act`, and calls `before` ahead of each access by `Atomics` with the access's number, from 1 on; not for
 * accesses inside `before`. What `before` throws comes out of the access.
 *
 * @param nap called in place of `Atomics.wait`; absent: the wait is cut short
 * @throws {Hangs} when it sleeps for too long
 */
export function stepping<T>(act: () => T, before: (access: number) => void, nap?: Nap): T {
  const real = { ...operations() };
  let count = 0;
  let naps = 0;
  let inside = false;
  const step = (): void => {
    if (inside) return;
    inside = true;
    try {
      before(++count);
    } finally {
      inside = false;
    }
  };
  // One function for each, and no rest parameters: millions of accesses go through here.
  Object.assign(Atomics, {
    load: (words: Word, at: number) => {
      step();
      return real.load(words, at);
    },
    store: (words: Word, at: number, value: number) => {
      step();
      return real.store(words, at, value);
    },
    add: (words: Word, at: number, value: number) => {
      step();
      return real.add(words, at, value);
    },
    sub: (words: Word, at: number, value: number) => {
      step();
      return real.sub(words, at, value);
    },
    and: (words: Word, at: number, value: number) => {
      step();
      return real.and(words, at, value);
    },
    or: (words: Word, at: number, value: number) => {
      step();
      return real.or(words, at, value);
    },
    exchange: (words: Word, at: number, value: number) => {
      step();
      return real.exchange(words, at, value);
    },
    compareExchange: (words: Word, at: number, from: number, to: number) => {
      step();
      return real.compareExchange(words, at, from, to);
    },
    wait: (words: Word, at: number, value: number, limit: number) => {
      if (nap !== undefined) return nap(() => real.wait(words, at, value, limit));
      if (++naps > NAPS) throw new Hangs(`after ${count} accesses`);
      return real.wait(words, at, value, Math.min(limit, 0.01));
    },
  });
  try {
    return act();
  } finally {
    Object.assign(Atomics, real);
  }
}

function operations() {
  const { load, store, add, sub, and, or, exchange, compareExchange, wait } = Atomics;
  return { load, store, add, sub, and, or, exchange, compareExchange, wait };
}
