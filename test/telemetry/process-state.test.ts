/** The state all threads share: phases that only go forward, and a row of counters per worker. */
import t from 'tap';
import { type Phase, ProcessState, WORKER_COUNTERS } from '../../src/telemetry/process-state.js';

// A wait in shared memory does not keep a process up.
const alive = setInterval(() => undefined, 1000);
t.teardown(() => clearInterval(alive));

t.test('a phase never goes back', async (t) => {
  const state = ProcessState.create(1);
  t.equal(state.phase, 'starting');
  const steps: [to: Phase, is: Phase][] = [
    ['loading', 'loading'],
    ['starting', 'loading'],
    ['draining', 'draining'],
    ['serving', 'draining'],
  ];
  for (const [to, is] of steps) {
    state.advanceTo(to);
    t.equal(state.phase, is);
  }
});

t.test('another thread sees what this one writes', async (t) => {
  const state = ProcessState.create(2);
  const other = ProcessState.attach(structuredClone(state.handle));
  t.equal(other.startedAt, state.startedAt);
  t.equal(other.workers, 2);
  state.advanceTo('serving');
  t.equal(other.phase, 'serving');
  state.count(1, 'requests', 3);
  state.count(1, 'openConnections');
  state.count(1, 'openConnections', -1);
  t.match(other.row(1), { requests: 3, openConnections: 0 });
  t.match(other.row(0), { requests: 0 }, 'rows are apart');
});

t.test('another thread that waits for the data file is woken when it is loaded', async (t) => {
  const state = ProcessState.create(1);
  const other = ProcessState.attach(structuredClone(state.handle));
  t.equal(other.loaded, false);
  const loaded = other.untilLoaded(60_000);
  state.markLoaded();
  await loaded;
  t.equal(other.loaded, true);
  await other.untilLoaded(60_000);
});

t.test('a wait for the data file is bounded', async (t) => {
  const state = ProcessState.create(1);
  await state.untilLoaded(1);
  t.equal(state.loaded, false);
});

t.test('each counter is its own', async (t) => {
  const state = ProcessState.create(1);
  for (const [index, counter] of WORKER_COUNTERS.entries()) state.count(0, counter, index + 1);
  const expected = WORKER_COUNTERS.map((_counter, index) => index + 1);
  t.strictSame(Object.values(state.row(0)), expected);
});
