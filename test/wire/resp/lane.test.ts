/** What a lane does with its connections: commands that wait, places, patience, the end, and what it counts. */
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { Answer, Command } from '../../../src/commands/command.js';
import { SERIES } from '../../../src/telemetry/requests.js';
import { ServerRig } from '../../commands/server-rig.js';
import { limitOf, until } from '../../server/server-under-test.js';
import { type RespSetup, type RespUnderTest, serveResp } from './lane-under-test.js';
import { Peer } from './peer.js';

const PONG = '+PONG\r\n';
const REFUSAL = '-ERR max number of clients reached\r\n';

interface Served extends RespUnderTest {
  /** How many `WAIT`s have not been answered. */
  readonly waiting: number;
  /** Answers the `WAIT` that has waited longest. */
  answer(): void;
  connect(): Promise<Peer>;
}

/** A lane with `PING`, `ECHO`, and `WAIT`, which is answered when the test says so. */
async function serve(t: Test, setup: RespSetup = {}): Promise<Served> {
  const waiting: ((answer: Answer) => void)[] = [];
  const commands: readonly Command[] = [
    { name: 'ping', arity: 1, flags: ['no_auth'], run: (_args, reply) => reply.status('PONG') },
    { name: 'echo', arity: 2, flags: [], run: (args, reply) => reply.bulk(args.view(1)) },
    { name: 'wait', arity: 1, flags: [], run: () => new Promise((resolve) => waiting.push(resolve)) },
  ];
  const served = await serveResp(t, { commands: () => commands, ...setup });
  return {
    ...served,
    get waiting() {
      return waiting.length;
    },
    answer: () => waiting.shift()?.((reply) => reply.status('WAITED')),
    connect: () => Peer.connect(t, served.port),
  };
}

t.test('a command that waits holds up those behind it, and nobody else', async (t) => {
  const served = await serve(t);
  const [peer, other] = [await served.connect(), await served.connect()];
  peer.send('PING\r\nWAIT\r\nECHO a\r\nWAIT\r\nECHO b\r\n*2\r\n$4\r\nEC');
  t.equal(await peer.text(PONG), PONG);
  peer.send('HO\r\n$1\r\nc\r\n');
  for (let left = 2; left > 0; left--) {
    await until(() => served.waiting === 1);
    other.send('PING\r\n');
    t.equal(await other.text(PONG), PONG);
    t.equal(served.lane.busy, 1);
    served.answer();
  }
  const expected = '+WAITED\r\n$1\r\na\r\n+WAITED\r\n$1\r\nb\r\n$1\r\nc\r\n';
  t.equal(await peer.text(expected), expected);
  t.equal(served.limit.usage.inFlight, 0);
});

t.test('a client that has said its last gets what it has asked for', async (t) => {
  const served = await serve(t);
  const peer = await served.connect();
  peer.send('WAIT\r\nPING\r\nPIN');
  peer.socket.end();
  await until(() => served.waiting === 1);
  served.answer();
  t.equal(await peer.rest(), `+WAITED\r\n${PONG}`);
  t.equal(await peer.ended, undefined);
  await until(() => served.clients.size === 0);
  t.equal(served.limit.usage.inFlight, 0);
});

t.test('a client that vanishes while its command waits', async (t) => {
  const served = await serve(t);
  const peer = await served.connect();
  peer.send('WAIT\r\nPING\r\n');
  await until(() => served.waiting === 1);
  peer.socket.resetAndDestroy();
  await until(() => served.clients.size === 0);
  t.equal(served.limit.usage.inFlight, 1, 'the command is still under way');
  served.answer();
  await until(() => served.limit.usage.inFlight === 0);
});

t.test('much behind a command that waits is not read, and is run later', async (t) => {
  const served = await serve(t);
  let accepted: Socket | undefined;
  served.acceptor.once('connection', (socket) => {
    accepted = socket;
  });
  const peer = await served.connect();
  const count = 1_000_000;
  peer.send(`WAIT\r\n${'PING\r\n'.repeat(count)}`);
  await until(() => accepted?.isPaused() === true);
  const { input } = served.state.commands.traffic;
  t.ok(input < 2 << 20, `${input} bytes`);
  served.answer();
  const expected = `+WAITED\r\n${PONG.repeat(count)}`;
  t.ok((await peer.text(expected)) === expected);
});

t.test('past the concurrency limit a command waits for a place, and past that for nothing', async (t) => {
  const limit = limitOf(1, 1);
  const served = await serve(t, { limit });
  const [first, second, third] = [await served.connect(), await served.connect(), await served.connect()];
  first.send('WAIT\r\n');
  await until(() => served.waiting === 1);
  second.send('PING\r\nPI');
  await until(() => limit.usage.waiting === 1);
  second.send('NG\r\nQUIT');
  third.send('PING\r\n');
  t.equal(await third.rest(), REFUSAL);
  t.equal(served.state.row(0).rejected, 1);
  served.answer();
  t.equal(await second.text(PONG + PONG), PONG + PONG);
  t.match(limit.usage, { inFlight: 0, waiting: 0 });
});

t.test('who waits for a place in vain is turned away', async (t) => {
  const limit = limitOf(1, 8, 50);
  const served = await serve(t, { limit });
  const [first, second] = [await served.connect(), await served.connect()];
  first.send('WAIT\r\n');
  await until(() => served.waiting === 1);
  second.send('PING\r\n');
  t.equal(await second.rest(), REFUSAL);
  t.equal(served.state.row(0).rejected, 1);
  served.answer();
  await until(() => limit.usage.inFlight === 0);
});

t.test('who goes while it waits for a place leaves nothing behind', async (t) => {
  const limit = limitOf(1, 8);
  const served = await serve(t, { limit });
  const [first, second] = [await served.connect(), await served.connect()];
  first.send('WAIT\r\n');
  await until(() => served.waiting === 1);
  second.send('PING\r\n');
  await until(() => limit.usage.waiting === 1);
  second.socket.resetAndDestroy();
  await until(() => limit.usage.waiting === 0);
  first.socket.resetAndDestroy();
  await until(() => served.clients.size === 0);
  served.answer();
  await until(() => limit.usage.inFlight === 0);
});

t.test('all get their turn, however many wait for the same place', async (t) => {
  const limit = limitOf(1, 300);
  const served = await serve(t, { limit });
  const peers = await Promise.all(Array.from({ length: 300 }, () => served.connect()));
  const [first, ...others] = peers;
  first?.send('WAIT\r\n');
  await until(() => served.waiting === 1);
  for (const peer of others) peer.send('WAIT\r\nPING\r\n');
  await until(() => limit.usage.waiting === others.length);
  const replies = peers.map((peer, index) => peer.text(index === 0 ? '+WAITED\r\n' : `+WAITED\r\n${PONG}`));
  for (let left = peers.length; left > 0; left--) {
    await until(() => served.waiting === 1);
    served.answer();
  }
  t.equal(new Set((await Promise.all(replies)).slice(1)).size, 1);
  t.match(limit.usage, { inFlight: 0, waiting: 0 });
});

t.test('HTTP is cut off before anything of it is run', async (t) => {
  const rig = new ServerRig(t);
  const { port, warnings, clients, limit } = await serveResp(t, { rig });
  for (const head of ['POST / HTTP/1.1', 'GET / HTTP/1.1\r\nHost: localhost', 'ECHO 1\r\nhost: x']) {
    const peer = await Peer.connect(t, port);
    peer.send(`${head}\r\nX: y\r\n\r\nSET k v\r\n`);
    await peer.ended;
    peer.socket.destroy();
  }
  await until(() => clients.size === 0);
  t.equal(rig.map.has('k'), false);
  t.equal(warnings.length, 1, 'once in a while');
  t.match(warnings[0], /possible attack/);
  t.equal(limit.usage.inFlight, 0);
});

t.test('the end of a lane', async (t) => {
  const overflows: string[] = [];
  const warn = ({ name }: Error): number => overflows.push(name);
  process.on('warning', warn);
  t.teardown(() => void process.off('warning', warn));
  const served = await serve(t, { tick: 5 });
  const [idle, half, busy] = [await served.connect(), await served.connect(), await served.connect()];
  idle.send('PING\r\n');
  t.equal(await idle.text(PONG), PONG);
  half.send('PIN');
  busy.send('WAIT\r\nPING\r\n');
  await until(() => served.waiting === 1 && served.lane.busy === 2);
  served.lane.retire();
  idle.send('PING\r\n');
  t.equal(await idle.text(PONG), PONG, 'what is there is served until idle connections are closed');
  const late = await served.connect();
  t.equal(await late.rest(), '');
  for (let left = 30; left > 0; left--) served.lane.closeIdle();
  t.equal(served.lane.busy, 1);
  busy.send('ECHO late\r\n');
  for (const peer of [idle, half]) {
    peer.send('PING\r\n'.repeat(10));
    t.equal(await peer.rest(), '');
    t.equal(await peer.ended, undefined, 'no reset');
  }
  served.answer();
  t.equal(await busy.rest(), `+WAITED\r\n${PONG}`, 'what came before the end of it, and nothing after');
  t.equal(await busy.ended, undefined);
  t.equal(served.lane.busy, 0);
  // Those that never close their end are not waited for, whatever they send.
  const talk = setInterval(() => busy.send('PING\r\n'), 1);
  t.teardown(() => clearInterval(talk));
  await until(() => served.clients.size === 0);
  t.strictSame(overflows, []);
});

t.test('too slow: the rest of a command, or a password', async (t) => {
  for (const [access, patience] of [
    ['full', 300],
    ['none', 60],
  ] as const) {
    const { lane, clients, connect } = await serve(t, { tick: 1, access });
    const began = lane.ticks;
    const peer = await connect();
    if (access === 'full') await until(() => lane.ticks > began + patience + 10);
    t.equal(clients.size, 1, 'an idle client may stay');
    const half = lane.ticks;
    peer.send('PIN');
    await peer.rest();
    t.ok(lane.ticks - half >= patience, `${access}: ${lane.ticks - half} ticks`);
  }
});

t.test('requests are counted by what they do, and timed', async (t) => {
  const rig = new ServerRig(t);
  const { port, state } = await serveResp(t, { rig });
  const peer = await Peer.connect(t, port);
  peer.send(
    'GET k\r\nSET k v\r\nGET k\r\nGET\r\nINCR k\r\nMULTI\r\nGET k\r\nINCR k\r\nEXEC\r\nNOSUCH\r\nPING\r\n*x\r\n',
  );
  await peer.rest();
  const counts = SERIES.map(({ protocol, operation, status }, number) => [
    `${protocol} ${operation} ${status}`,
    state.requests.total(number),
  ]).filter(([, count]) => count !== 0);
  t.strictSame(Object.fromEntries(counts), {
    'resp read ok': 3,
    'resp read error': 1,
    'resp write ok': 2,
    'resp write error': 1,
    'resp other ok': 2,
    'resp other error': 3,
  });
  t.equal(state.requests.totalBy('resp'), 12);
});

t.test('one that has waited is counted when it is answered, and timed by itself', async (t) => {
  const served = await serve(t);
  const peer = await served.connect();
  peer.send('PING\r\nWAIT\r\nPING\r\n');
  t.equal(await peer.text(PONG), PONG);
  t.equal(served.state.requests.totalBy('resp'), 1);
  served.answer();
  await peer.text(`+WAITED\r\n${PONG}`);
  t.equal(served.state.requests.totalBy('resp'), 3);
  const { counts } = served.state.requests.histogram('resp');
  t.equal(
    counts.reduce((sum, count) => sum + count, 0),
    3,
  );
});
