import t, { test } from 'tap';
import { MAX_SESSION, Sessions, UNLABELLED } from '../../src/store/sessions.js';

// Who waits for shared memory does not keep the process alive; in a server its sockets do.
const alive = setInterval(() => {}, 1_000);
t.teardown(() => clearInterval(alive));

test('a session is trusted until it ends, and no other one has its number', (t) => {
  const sessions = Sessions.create();
  const first = sessions.begin(0);
  const second = sessions.begin(1);
  t.not(first, second);
  t.ok(sessions.isTrusted(first) && sessions.isTrusted(second));
  sessions.end(first);
  t.notOk(sessions.isTrusted(first));
  t.ok(sessions.isTrusted(second));
  const third = sessions.begin(0);
  t.not(third, first);
  t.notOk(sessions.isTrusted(first), 'what has ended does not begin again');
  t.end();
});

test('what carries no session is trusted until that is ended, and never again', (t) => {
  const sessions = Sessions.create();
  const attached = Sessions.attach(sessions.handle);
  const session = sessions.begin(0);
  t.ok(attached.isTrusted(UNLABELLED));
  attached.end(UNLABELLED);
  t.notOk(sessions.isTrusted(UNLABELLED));
  sessions.end(session);
  t.notOk(sessions.isTrusted(UNLABELLED));
  t.end();
});

test('all threads see the same sessions', (t) => {
  const sessions = Sessions.create();
  const attached = Sessions.attach(sessions.handle);
  const session = sessions.begin(0);
  t.ok(attached.isTrusted(session));
  attached.end(session);
  t.notOk(sessions.isTrusted(session));
  t.end();
});

test('a dead worker takes its own sessions with it, and no others', (t) => {
  const sessions = Sessions.create();
  const [lost, alsoLost, kept] = [sessions.begin(3), sessions.begin(3), sessions.begin(4)];
  sessions.endAllOf(3);
  t.strictSame(
    [lost, alsoLost, kept].map((session) => sessions.isTrusted(session)),
    [false, false, true],
  );
  t.end();
});

test('a session whose connection is lost is trusted until its server has answered somebody', (t) => {
  const sessions = Sessions.create();
  const [first, second, elsewhere, kept] = [0, 1, 2, 3].map((worker) => sessions.begin(worker));
  const trusted = (): boolean[] =>
    [first, second, elsewhere, kept].map((session = UNLABELLED) => sessions.isTrusted(session));
  const before = sessions.losses;
  sessions.lose(first ?? 0, 'a:1');
  sessions.lose(elsewhere ?? 0, 'b:1');
  const between = sessions.losses;
  sessions.lose(second ?? 0, 'a:1');
  t.strictSame(trusted(), [true, true, true, true]);
  sessions.endLost('a:1', before);
  t.strictSame(trusted(), [true, true, true, true], 'what was asked before the losses proves nothing');
  Sessions.attach(sessions.handle).endLost('a:1', between);
  t.strictSame(
    trusted(),
    [false, true, true, true],
    'nor of those after the question, nor of another server',
  );
  sessions.endLost('a:1', sessions.losses);
  t.strictSame(trusted(), [false, false, true, true]);
  t.end();
});

test('a session that has the place of a lost one is its own', (t) => {
  const sessions = Sessions.create();
  const lost = sessions.begin(0);
  sessions.lose(lost, 'a:1');
  sessions.end(lost);
  let next = sessions.begin(0);
  for (; (next - lost) % 4096 !== 0; next = sessions.begin(0)) sessions.end(next);
  sessions.endLost('a:1', sessions.losses);
  t.ok(sessions.isTrusted(next));
  t.end();
});

test('more sessions at a time than there can be are refused, and one that ends makes room', (t) => {
  const sessions = Sessions.create();
  const begun: number[] = [];
  t.throws(() => {
    for (;;) begun.push(sessions.begin(0));
  }, /no more than 4096 connections/);
  t.equal(new Set(begun).size, 4096);
  t.ok(begun.every((session) => session > 0 && session <= MAX_SESSION && sessions.isTrusted(session)));
  sessions.end(begun[17] ?? 0);
  const next = sessions.begin(0);
  t.ok(sessions.isTrusted(next));
  t.notOk(sessions.isTrusted(begun[17] ?? 0));
  t.end();
});

test('waits until every worker has reached the store, each counted once', async (t) => {
  const sessions = Sessions.create();
  let isOver = false;
  const waiting = sessions.untilConnected(2, new AbortController().signal).then(() => {
    isOver = true;
  });
  sessions.countConnected(0);
  sessions.countConnected(0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.notOk(isOver, 'one worker that came twice is one');
  sessions.countConnected(1);
  await waiting;
  t.pass('both have come');
});

test('gives up waiting when the program is to end', async (t) => {
  const ending = new AbortController();
  const waiting = Sessions.create().untilConnected(1, ending.signal);
  ending.abort();
  await waiting;
  t.pass('it did');
});
