/**
 * A store that fails on purpose (src/config/faults.ts): around any store, for what goes by its links.
 *
 * An answer is late after it has come, not before it was asked for: so the store still does things in the order that
 * they were asked in, which the cache relies on. What fails may have been done: nobody can know, as when a connection is lost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Faults } from '../config/faults.js';
import { type FetchStore, StoreUnavailableError } from './backing-store.js';

/** Seconds. */
const RETRY_AFTER = 1;

/** @returns the store itself when nothing is to go wrong */
export function withFaults<Store extends FetchStore>(store: Store, faults: Faults | undefined): Store {
  if (faults?.storeDelay === undefined && faults?.storeFail === undefined) return store;
  return changed(store, (name, method) => {
    if (name !== 'linkFor') return method;
    return (...args) =>
      changed(method(...args) as object, (_, operation) => async (...its) => {
        return await disturbed(faults, async () => await operation(...its));
      });
  });
}

async function disturbed<T>({ storeDelay, storeFail = 0 }: Faults, operation: () => Promise<T>): Promise<T> {
  const fails = Math.random() < storeFail;
  const failsBefore = fails && Math.random() < 0.5;
  if (failsBefore) throw failure();
  try {
    const outcome = await operation();
    if (fails) throw failure();
    return outcome;
  } finally {
    if (storeDelay !== undefined && Math.random() < storeDelay.share) await delay(storeDelay.milliseconds);
  }
}

function failure(): StoreUnavailableError {
  return new StoreUnavailableError('the store fails on purpose', RETRY_AFTER);
}

type Method = (...args: unknown[]) => unknown;

/** An object with other methods: whatever they are, so that none can be forgotten here. */
function changed<T extends object>(object: T, change: (name: string | symbol, method: Method) => Method): T {
  return new Proxy(object, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? change(name, member.bind(target) as Method) : member;
    },
  });
}
