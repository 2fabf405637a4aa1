/** Keys that are asked for while the data file is still being loaded. */
import t, { type Test } from 'tap';
import { SharedCache } from '../../shards/index.js';
import { LocalCache } from '../../src/store/local.js';
import { type ReadResult, StoreUnavailableError, type TieredCache } from '../../src/store/tiered.js';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { serve } from '../server/server-under-test.js';

/** Milliseconds; long enough to be told from not waiting at all. */
const WAIT_LIMIT = 30;

// Waiting in shared memory does not keep a process alive; a server that listens does.
const alive = setInterval(() => {}, 1000);
t.teardown(() => clearInterval(alive));

function loading(waitLimit?: number): { map: SharedCache; state: ProcessState; cache: TieredCache } {
  const map = SharedCache.create({ maxMemory: 1 << 20 });
  const state = ProcessState.create(1);
  state.advanceTo('loading');
  return { map, state, cache: new LocalCache(map, state, undefined, waitLimit) };
}

/** Stores a line of a data file: a key of one character, a space, the value. */
function loadLine(map: SharedCache, line: string): void {
  map.setBaseline(Buffer.from(line), 0, 1, 2, line.length);
}

function textOf(result: ReadResult | undefined): string | undefined {
  return result === undefined ? undefined : Buffer.from(result.value).toString();
}

async function rejectsAsUnavailable(t: Test, promise: unknown): Promise<void> {
  const error = await Promise.resolve(promise).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof StoreUnavailableError) t.ok(error.retryAfter >= 1);
  else t.fail(`not refused: ${String(error)}`);
}

t.test('a key that is there is not waited for, and counted once', async (t) => {
  const { map, cache } = loading();
  loadLine(map, 'a 1');
  t.equal(textOf(await cache.get('a')), '1');
  t.match(map.stats(), { hits: 1, misses: 0 });
});

t.test('a key that comes late is waited for', async (t) => {
  const { map, cache } = loading();
  const found = cache.get('a');
  loadLine(map, 'a 1');
  t.equal(textOf(await found), '1');
  t.match(map.stats(), { hits: 1, misses: 0 });
});

t.test('a key is absent once the load is over, not before', async (t) => {
  const { state, cache, map } = loading();
  let isOver = false;
  const found = Promise.resolve(cache.get('a')).then((result) => {
    t.ok(isOver);
    return result;
  });
  await new Promise(setImmediate);
  isOver = true;
  state.markLoaded();
  t.equal(await found, undefined);
  t.match(map.stats(), { hits: 0, misses: 1 });
});

t.test('after the limit a wait ends with an error', async (t) => {
  const { cache } = loading(WAIT_LIMIT);
  const before = performance.now();
  await Promise.all([rejectsAsUnavailable(t, cache.get('a')), rejectsAsUnavailable(t, cache.delete('a'))]);
  t.ok(performance.now() - before >= WAIT_LIMIT - 1);
});

t.test('when the process ends a wait does', async (t) => {
  const { state, cache } = loading();
  const waits = [cache.get('a'), cache.delete('a')];
  state.advanceTo('draining');
  for (const wait of waits) await rejectsAsUnavailable(t, wait);
});

t.test('a key is deleted when no line can bring it back', async (t) => {
  const { map, state, cache } = loading();
  loadLine(map, 'a 1');
  const deleted = cache.delete('a');
  loadLine(map, 'a 2');
  state.markLoaded();
  t.equal(await deleted, true);
  t.equal(map.has('a'), false);
});

t.test('a key is stored at once, and no line replaces it', async (t) => {
  const { map, cache } = loading();
  await cache.set('a', Buffer.from('mine'));
  loadLine(map, 'a 1');
  t.equal(textOf(await cache.get('a')), 'mine');
});

t.test('over HTTP the end of the wait is 503 with Retry-After', async (t) => {
  const server = await serve(t, {
    phase: 'loading',
    cache: (map, state) => new LocalCache(map, state, undefined, WAIT_LIMIT),
  });
  for (const [method, path] of [
    ['GET', '/get/a'],
    ['GET', '/?key=a'],
    ['GET', '/lookup?key=a'],
    ['DELETE', '/store/a'],
  ] as const) {
    const { status, headers } = await server.ask(method, path);
    t.equal(status, 503, path);
    t.equal(headers['retry-after'], '1', path);
  }
});
