/** Turns: who has the map to himself is alone with it, in all threads; and the dead keep nobody out. */
import t, { type Test } from 'tap';
import { Turnstile } from '../../src/store/turnstile.js';
import { TurnCrew } from './turn-crew.js';

/** Milliseconds in which something must not happen. A loaded machine can only hide that it does. */
const A_WHILE = 60;

// Waiting in shared memory does not keep a process alive.
const alive = setInterval(() => {}, 1000);
t.teardown(() => clearInterval(alive));

t.test('two keys that are written exclusively are equal for everybody else', async (t) => {
  const crew = new TurnCrew(t, 5);
  const steps = 3_000;
  const looking = [crew.start(1, 'look'), crew.start(2, 'look')];
  const adding = [crew.start(3, 'add', { steps }), crew.start(4, 'add within', { steps })];
  const added = await Promise.all(adding.map(({ report }) => report));
  t.ok(await crew.untilDone(looking.length), 'all get on');
  crew.stop();
  const looked = await Promise.all(looking.map(({ report }) => report));
  t.equal(
    [...added, ...looked].reduce((sum, { flaws }) => sum + flaws, 0),
    0,
  );
  t.equal(crew.map.getString('a'), String(2 * steps), 'and no step is lost');
});

t.test('nobody writes while another one has the map to himself', async (t) => {
  const crew = new TurnCrew(t, 4);
  const threads = [crew.start(1, 'write'), crew.start(2, 'look twice'), crew.start(3, 'look twice')];
  t.ok(await crew.untilDone(threads.length), 'all get on');
  await new Promise((resolve) => setTimeout(resolve, 300));
  crew.stop();
  const reports = await Promise.all(threads.map(({ report }) => report));
  t.strictSame(
    reports.map(({ flaws }) => flaws),
    [0, 0, 0],
  );
});

t.test('a turn lasts until it was left as often as it was entered', async (t) => {
  const crew = new TurnCrew(t, 2);
  const turn = crew.turnstile.turnOf(0);
  turn.enter();
  turn.enter();
  turn.leave();
  crew.start(1, 'once exclusively');
  await crew.untilGateIsTaken();
  t.equal(await crew.untilDone(1, A_WHILE), false);
  turn.leave();
  t.equal(await crew.untilDone(1), true);
});

t.test('a turn that was given up to have the map alone is taken back', async (t) => {
  const crew = new TurnCrew(t, 2);
  const turn = crew.turnstile.turnOf(0);
  turn.enter();
  t.equal(
    turn.exclusively(() => turn.exclusively(() => 'done')),
    'done',
    'inside itself it just runs',
  );
  crew.start(1, 'once exclusively');
  await crew.untilGateIsTaken();
  t.equal(await crew.untilDone(1, A_WHILE), false);
  turn.leave();
  t.equal(await crew.untilDone(1), true);
});

t.test('what throws leaves all the same', async (t) => {
  const turnstile = Turnstile.create(2);
  const [turn, other] = [turnstile.turnOf(0), turnstile.turnOf(1)];
  const fail = (): never => {
    throw new Error('fails');
  };
  t.throws(() => turn.exclusively(fail), { message: 'fails' });
  t.throws(() => turn.within(fail), { message: 'fails' });
  t.throws(() => turn.within(() => turn.exclusively(fail)), { message: 'fails' });
  t.throws(() => turn.exclusively(() => turn.within(fail)), { message: 'fails' });
  t.equal(
    other.exclusively(() => other.within(() => 1)),
    1,
  );
  t.equal(
    turn.within(() => 2),
    2,
  );
});

async function dies(t: Test, where: 'stay inside' | 'stay exclusively'): Promise<void> {
  const crew = new TurnCrew(t, 5);
  const thread = crew.start(1, where);
  await crew.untilDone(1);
  crew.start(2, 'once exclusively');
  crew.start(3, 'once exclusively');
  if (where === 'stay exclusively') crew.start(4, 'once inside');
  await crew.untilGateIsTaken();
  t.equal(await crew.untilDone(2, A_WHILE), false, 'while it lives it is waited for');
  await thread.kill();
  crew.turnstile.release(1);
  t.equal(await crew.untilDone(where === 'stay exclusively' ? 4 : 3), true, 'then nobody waits');
  const turn = crew.turnstile.turnOf(0);
  t.equal(
    turn.exclusively(() => turn.within(() => 1)),
    1,
  );
}

t.test('a thread that dies inside a turn', (t) => dies(t, 'stay inside'));

t.test('a thread that dies with the map to itself', (t) => dies(t, 'stay exclusively'));

t.test('what is released keeps nobody’s turn from others', async (t) => {
  const crew = new TurnCrew(t, 3);
  const thread = crew.start(1, 'stay exclusively');
  await crew.untilDone(1);
  crew.turnstile.release(2);
  crew.start(2, 'once inside');
  t.equal(await crew.untilDone(2, A_WHILE), false, 'another worker’s death opens no gate');
  crew.stop();
  await thread.report;
  t.equal(await crew.untilDone(2), true);
});

t.test('a worker has one turn', async (t) => {
  const turnstile = Turnstile.create(2);
  t.equal(turnstile.turnOf(1), turnstile.turnOf(1));
  t.not(turnstile.turnOf(0), turnstile.turnOf(1));
  for (const worker of [-1, 2]) t.throws(() => turnstile.turnOf(worker), { name: 'RangeError' });
});
