/** Times of a lane's read events: all of them when they are few, samples that stand for the others when they are many. */
import t from 'tap';
import { RequestCounters } from '../../src/telemetry/requests.js';
import { ALL_TIMED, STEP, Stopwatch } from '../../src/telemetry/stopwatch.js';

function rig() {
  const requests = RequestCounters.create(1);
  const clock = { now: 5_000, readings: 0 };
  const stopwatch = new Stopwatch(requests, 0, 'resp', () => {
    clock.readings++;
    return clock.now;
  });
  /** An event that takes so many milliseconds. */
  const event = (answered: number, milliseconds: number): void => {
    const began = stopwatch.begin();
    clock.now += milliseconds;
    stopwatch.end(began, answered);
  };
  const timed = (): number => requests.histogram('resp').counts.reduce((sum, count) => sum + count, 0);
  return { requests, clock, stopwatch, event, timed };
}

t.test('each of a few events is timed', async (t) => {
  const { requests, clock, event, timed } = rig();
  event(2, 0.5);
  t.equal(timed(), 2);
  for (let i = 1; i < ALL_TIMED; i++) event(2, 0.5);
  t.equal(timed(), 2 * ALL_TIMED);
  t.equal(clock.readings, 2 * ALL_TIMED, 'no more than twice per event');
  t.equal(requests.histogram('resp').seconds.toFixed(6), '1.000000', 'each request took all of its event');
});

t.test('of many, one in some: it stands for those before it', async (t) => {
  const { clock, event, timed, requests } = rig();
  const events = 10 * ALL_TIMED;
  for (let i = 0; i < events; i++) event(1, 0.001);
  const sampled = ALL_TIMED + (events - ALL_TIMED) / STEP;
  t.equal(clock.readings, 2 * sampled);
  t.ok(timed() <= events && timed() > events - STEP, `${timed()}`);
  t.equal(requests.histogram('resp').seconds.toFixed(8), (timed() * 1e-6).toFixed(8));

  clock.now += 1_000;
  for (let i = 0; i < STEP; i++) event(1, 0.001);
  t.equal(timed(), events + STEP, 'in the next second none is missing');
  const { readings } = clock;
  event(1, 0.001);
  t.equal(clock.readings, readings + 2, 'and each is timed again');
});

t.test('an event that answered nothing is none, and who waited is timed alone', async (t) => {
  const { clock, stopwatch, event, timed, requests } = rig();
  event(0, 10);
  t.equal(timed(), 0);
  for (let i = 0; i <= ALL_TIMED; i++) event(1, 0);
  event(5, 0);
  const began = clock.now;
  clock.now += 100;
  stopwatch.waited(began);
  t.equal(timed(), ALL_TIMED + 1, 'not those that are not timed yet');
  t.equal(requests.histogram('resp').seconds.toFixed(6), '0.100000');
});
