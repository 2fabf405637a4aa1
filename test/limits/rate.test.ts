/** The rate limit admits exactly what it says, to every client by itself, over all threads, whatever others do. */

import assert from 'node:assert/strict';
import { hrtime } from 'node:process';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { test } from 'tap';
import { type Bucket, type Clock, RateLimit, type RateLimitHandle } from '../../src/limits/rate.js';
import { PLAIN_THREAD } from '../plain.js';

const MODULE = new URL('../../src/limits/rate.js', import.meta.url).href;

/** A limit at times that the test sets, in seconds, with places for clients that are the same in each run. */
function limited(
  rate: number,
  clients?: number,
): { limit: RateLimit; clock: { seconds: number }; handle: RateLimitHandle } {
  const handle = {
    ...RateLimit.create({ rate, ...(clients !== undefined && { clients }) }),
    key: Buffer.alloc(16, 1),
  };
  const clock = { seconds: 100 };
  const now: Clock = () => {
    const whole = Math.floor(clock.seconds);
    return [handle.origin + whole, Math.round((clock.seconds - whole) * 1e9)];
  };
  return { limit: RateLimit.attach(handle, now), clock, handle };
}

/** How many of so many requests are admitted. */
function admitted(bucket: Bucket, requests: number): number {
  let count = 0;
  for (let request = 0; request < requests; request++) if (bucket.take()) count++;
  return count;
}

test('a second of requests at once, then as many per second, and no more than that after a rest', async (t) => {
  for (const rate of [1, 3, 7, 100, 999_999, 1_000_000]) {
    const { limit, clock } = limited(rate);
    const bucket = limit.bucketOf('10.0.0.1');
    t.equal(admitted(bucket, rate + 10), rate, `${rate} at once`);
    clock.seconds += 1 / rate + 1e-8;
    t.equal(admitted(bucket, 10), 1, `${rate}: the next`);
    clock.seconds += 0.999 / rate - 1e-8;
    if (rate < 1000) t.equal(admitted(bucket, 10), 0, `${rate}: not before its time`);
    clock.seconds += 3600;
    t.equal(admitted(bucket, 2 * rate), rate, `${rate} after an hour`);
  }
});

test('it is a token bucket: whatever the times, the same are admitted', async (t) => {
  const steps = fc.array(
    fc.record({ milliseconds: fc.integer({ min: 0, max: 400 }), requests: fc.integer({ min: 1, max: 4 }) }),
    { minLength: 5, maxLength: 60 },
  );
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 3, 10, 50), steps, (rate, taken) => {
      const { limit, clock } = limited(rate);
      const bucket = limit.bucketOf('::1');
      let tokens: number = rate;
      for (const { milliseconds, requests } of taken) {
        clock.seconds += milliseconds / 1000;
        tokens = Math.min(rate, tokens + (milliseconds / 1000) * rate);
        const isSure = Math.abs(tokens - requests) > 1e-3;
        const isAdmitted = bucket.take(requests);
        if (isSure) assert.equal(isAdmitted, tokens >= requests);
        if (isAdmitted) tokens -= requests;
      }
    }),
    { numRuns: 200 },
  );
  t.pass();
});

test('a refusal uses nothing up, and what was given back can be taken again', async (t) => {
  const { limit, clock } = limited(10);
  const bucket = limit.bucketOf('10.0.0.1');
  t.ok(bucket.take(8));
  t.notOk(bucket.take(3));
  t.notOk(bucket.take(11), 'more than there can be');
  t.ok(bucket.take(2));
  bucket.giveBack();
  t.equal(admitted(bucket, 10), 1);
  clock.seconds += 60;
  bucket.giveBack();
  t.equal(admitted(bucket, 20), 10, 'a full bucket gets no fuller');
});

test('what a client is told', async (t) => {
  const { limit, clock } = limited(4);
  const bucket = limit.bucketOf('10.0.0.1');
  t.strictSame(bucket.usage, { limit: 4, remaining: 4, next: 0, full: 0 });
  bucket.take(3);
  t.strictSame(bucket.usage, { limit: 4, remaining: 1, next: 0, full: 0.75 });
  bucket.take();
  clock.seconds += 0.125;
  t.strictSame(bucket.usage, { limit: 4, remaining: 0, next: 0.125, full: 0.875 });
});

test('each client has its own', async (t) => {
  const { limit } = limited(2);
  for (const address of ['10.0.0.1', '10.0.0.2', '2001:db8::1', undefined])
    t.equal(admitted(limit.bucketOf(address), 5), 2, String(address));
  t.notOk(limit.take('::ffff:10.0.0.1'), 'by another form of its address too');
  t.ok(limit.take('10.0.0.3'));
});

test('where there is no room for all, those who use least are forgotten, and nobody is refused for it', async (t) => {
  const { limit, clock } = limited(10, 8);
  const greedy = ['1', '2', '3', '4', '5', '6', '7'].map((last) => limit.bucketOf(`10.0.0.${last}`));
  for (const bucket of greedy) t.equal(admitted(bucket, 10), 10);
  for (let client = 0; client < 1000; client++) {
    if (!limit.take(`192.168.${client >> 8}.${client & 255}`)) t.fail('somebody new was refused');
  }
  t.strictSame(
    greedy.map((bucket) => admitted(bucket, 10)),
    greedy.map(() => 0),
    'who has used all of it is remembered',
  );
  clock.seconds += 1;
  const others = ['1', '2', '3', '4', '5', '6', '7', '8'].map((last) => limit.bucketOf(`10.1.0.${last}`));
  for (const bucket of others) admitted(bucket, 5);
  t.strictSame(
    others.map((bucket) => admitted(bucket, 10)),
    others.map(() => 5),
    'who has been silent for a second is forgotten without loss',
  );
});

test('many addresses that all use what they can lock nobody out', async (t) => {
  const { limit } = limited(5, 64);
  for (let client = 0; client < 3000; client++)
    admitted(limit.bucketOf(`10.${client >> 8}.${client & 255}.1`), 6);
  const refused = Array.from({ length: 200 }, (_, client) => limit.take(`192.168.0.${client}`)).filter(
    (isAdmitted) => !isAdmitted,
  );
  t.equal(refused.length, 0);
});

/** Threads that take as often as they can; each posts how often it was admitted. */
function thread(handle: RateLimitHandle, clock: string, body: string): Promise<number[]> {
  const code = `
    import { parentPort as port, workerData } from 'node:worker_threads';
    import { hrtime } from 'node:process';
    const { RateLimit } = await import(${JSON.stringify(MODULE)});
    const { handle, gate } = workerData;
    const limit = RateLimit.attach(handle, ${clock});
    const buckets = [1, 2, 3].map((last) => limit.bucketOf('10.0.0.' + last));
    const admitted = [0, 0, 0];
    const takeAll = () => buckets.forEach((bucket, i) => { if (bucket.take()) admitted[i] += 1; });
    ${body}
    port.postMessage(admitted);`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  const worker = new Worker(url, { workerData: { handle }, ...PLAIN_THREAD });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

const sums = (counts: readonly number[][]): number[] =>
  [0, 1, 2].map((client) => counts.reduce((sum, count) => sum + (count[client] ?? 0), 0));

test('threads that ask at ten times the limit are admitted exactly what it says, while time stands still', async (t) => {
  const RATE = 2_000;
  const handle = RateLimit.create({ rate: RATE });
  const counts = await Promise.all(
    [1, 2, 3].map(() =>
      thread(
        handle,
        '() => [handle.origin + 100, 0]',
        `for (let i = 0; i < ${(10 * RATE) / 3}; i++) takeAll();`,
      ),
    ),
  );
  t.strictSame(sums(counts), [RATE, RATE, RATE]);
});

test('and while it goes on never more than one second and the time it took allow', async (t) => {
  const RATE = 500;
  const handle = RateLimit.create({ rate: RATE });
  const start = hrtime.bigint();
  const counts = await Promise.all(
    [1, 2, 3].map(() =>
      thread(
        handle,
        'hrtime',
        'const end = performance.now() + 300; while (performance.now() < end) takeAll();',
      ),
    ),
  );
  const most = RATE + (Number(hrtime.bigint() - start) / 1e9) * RATE;
  for (const sum of sums(counts)) {
    t.ok(sum <= most, `${sum} of ${most}`);
    t.ok(sum >= RATE + 0.3 * RATE * 0.5, `${sum} are not too few`);
  }
});
