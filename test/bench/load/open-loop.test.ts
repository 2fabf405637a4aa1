/** The open loop: what is due counts, whatever the server does meanwhile. */
import { test } from 'tap';
import { openLoop } from '../../../src/bench/load/open-loop.js';
import { failuresOf } from '../../../src/bench/load/orders.js';
import { IN_TIME, Recording } from '../../../src/bench/load/recording.js';
import { mixed } from '../../../src/bench/load/requests.js';
import { serverOf } from '../http-server.js';

const next = () => mixed({ dialect: 'hotshard', keys: 10, seed: 1, reads: 0.5, exponent: 0 });
const never = () => false;

test('as many requests are sent as are due, and none before it is due', async (t) => {
  let asked = 0;
  const port = await serverOf(t, (_, response) => {
    asked++;
    response.setHeader('Content-Length', 0).end();
  });
  const pace = { rate: 200, seconds: 0.3, dialect: 'hotshard', isOver: never } as const;
  const load = await openLoop({ port, connections: 4, next: next(), ...pace });
  t.strictSame([load.requests, load.statuses, asked], [60, { 200: 60 }, 60]);
  t.equal(failuresOf(load), 0);
  t.ok(load.reads > 0 && load.writes > 0);
  t.ok(load.seconds >= 59 / 200, `${load.seconds} s: the last is due after 295 ms`);
});

test('a server that stalls is charged for all that was due meanwhile', async (t) => {
  const stall = 300;
  let asked = 0;
  const port = await serverOf(t, (_, response) => {
    setTimeout(() => response.setHeader('Content-Length', 0).end(), asked++ === 10 ? stall : 0);
  });
  const pace = { rate: 100, seconds: 0.5, dialect: 'hotshard', isOver: never } as const;
  const { requests, latency } = await openLoop({ port, connections: 1, next: next(), ...pace });
  t.equal(requests, 50);
  // 31 requests are due within the stall, one each 10 ms; a closed loop would have one long answer.
  t.ok(latency.max >= stall * 1000 * 0.99, `longest: ${latency.max} µs`);
  t.ok(latency.p75 >= 150_000, `p75: ${latency.p75} µs`);
  t.ok(latency.mean >= 90_000, `mean: ${latency.mean} µs`);
});

test('what is not answered has failed, and so has what was due and could not be sent', async (t) => {
  let asked: number | undefined;
  const port = await serverOf(t, () => {
    asked ??= performance.now();
  });
  // Five requests are due within 80 ms; the only connection waits for the first answer.
  const isOver = () => asked !== undefined && performance.now() > asked + 100;
  const pace = { rate: 50, seconds: 0.1, dialect: 'hotshard', isOver } as const;
  const load = await openLoop({ port, connections: 1, next: next(), ...pace });
  t.strictSame([load.requests, load.statuses, load.inTime], [5, { 0: 5 }, 0]);
  t.equal(failuresOf(load), 5);
  t.ok(load.latency.max >= 100_000, 'for as long as was waited for it');
});

test('an answer is in time when it is 200 and comes early enough', (t) => {
  const recording = new Recording(undefined);
  const now = performance.now();
  recording.take(false, 200, now - IN_TIME / 2);
  recording.take(false, 200, now - IN_TIME - 1);
  recording.take(true, 503, now);
  const { requests, inTime, latency } = recording.load;
  t.strictSame([requests, inTime], [3, 1]);
  t.ok(latency.max >= IN_TIME * 1000, 'in microseconds');
  t.end();
});
