/** A store that fails on purpose: what goes wrong, and that the cache over it never gives a wrong value. */
import t from 'tap';
import { SharedCache } from '../../shards/index.js';
import type {
  BackingStore,
  FetchLink,
  FetchStore,
  StoreKey,
  StoreLink,
} from '../../src/store/backing-store.js';
import { StoreUnavailableError } from '../../src/store/backing-store.js';
import { Bell } from '../../src/store/bell.js';
import { CoherentCache } from '../../src/store/coherent.js';
import { withFaults } from '../../src/store/faults.js';
import { Sessions } from '../../src/store/sessions.js';
import { ProcessState } from '../../src/telemetry/process-state.js';

/** A store that does at once what it is asked. */
class Store implements FetchStore {
  readonly values = new Map<string, Uint8Array>();
  readonly done: string[] = [];
  #session = 0;

  linkFor(): FetchLink & Pick<StoreLink, 'set' | 'delete'> {
    return {
      session: this.#session,
      valueSession: this.#session,
      fetch: async (key: StoreKey) => ({ value: this.values.get(String(key)), expiry: 0, isCacheable: true }),
      set: async (key: StoreKey, value: Uint8Array) => {
        this.done.push(String(key));
        this.values.set(String(key), value);
        return { isCacheable: true, isOrdered: true };
      },
      delete: async (key: StoreKey) => {
        this.done.push(String(key));
        return { existed: this.values.delete(String(key)), isCacheable: true, isOrdered: true };
      },
    };
  }

  lacks(): boolean {
    return false;
  }

  get session(): number {
    return this.#session;
  }

  set session(session: number) {
    this.#session = session;
  }
}

t.test('without faults of the store it is the store itself', async (t) => {
  const store = new Store();
  t.equal(withFaults(store, undefined), store);
  t.equal(withFaults(store, { killWorker: 1000 }), store);
});

t.test('what fails may have been done or not, and says neither', async (t) => {
  const store = new Store();
  const faulty = withFaults(store, { storeFail: 1 });
  const keys = Array.from({ length: 200 }, (_, i) => `k${i}`);
  for (const key of keys) {
    await t.rejects(faulty.linkFor().set(key, new Uint8Array(), 0), StoreUnavailableError);
  }
  t.ok(store.done.length > 50 && store.done.length < 150, `${store.done.length} of 200 done`);
  t.equal(faulty.lacks(), false);
});

t.test('answers are late, and operations stay in order', async (t) => {
  const store = new Store();
  const link = withFaults(store, { storeDelay: { share: 0.5, milliseconds: 20 } }).linkFor();
  const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
  const answered: string[] = [];
  await Promise.all(
    keys.map(async (key) => {
      await link.set(key, new Uint8Array(), 0);
      answered.push(key);
    }),
  );
  t.strictSame(store.done, keys);
  t.notSame(answered, keys, 'some answers were overtaken');
  t.strictSame([...answered].sort(), [...keys].sort());
});

t.test('over it the cache says 503 or the truth', async (t) => {
  const map = SharedCache.create({ maxMemory: 1 << 20 });
  const state = ProcessState.create(1);
  const sessions = Sessions.create();
  const store = new Store();
  store.session = sessions.begin(0);
  const faulty = withFaults(store, { storeFail: 0.3 });
  const parts = { map, state, sessions, bell: Bell.create(), worker: 0 };
  const cache = new CoherentCache({
    ...parts,
    store: faulty as Store & BackingStore,
    ttl: 0,
    staleTtl: 0,
    maxValueSize: 100,
  });
  let failures = 0;
  let hits = 0;
  const truth = (): string => String(store.values.get('k') ?? '');
  for (let i = 0; i < 500; i++) {
    try {
      await cache.set('k', Buffer.from(String(i)));
    } catch (error) {
      t.type(error, StoreUnavailableError);
      failures++;
    }
    for (let read = 0; read < 2; read++) {
      try {
        const found = await cache.get('k');
        if (found?.source === 'hit') hits++;
        t.equal(String(Buffer.from(found?.value ?? [])), truth());
      } catch (error) {
        t.type(error, StoreUnavailableError);
        failures++;
      }
    }
  }
  t.ok(failures > 100, 'it failed');
  t.ok(hits > 100, 'it cached');
});
