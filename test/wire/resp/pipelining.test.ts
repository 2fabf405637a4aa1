/** Clients that send much, in many pieces, and read late: everything is answered in order, within limits. */
import t from 'tap';
import type { Command } from '../../../src/commands/command.js';
import { ServerRig } from '../../commands/server-rig.js';
import { until } from '../../server/server-under-test.js';
import { Random, SEED, seeded } from '../../shards/support.js';
import { serveResp } from './lane-under-test.js';
import { Peer } from './peer.js';

const TOO_LONG = '-ERR string exceeds maximum allowed size (max-value-size)\r\n';

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function words(...all: readonly string[]): string {
  return `*${all.length}\r\n${all.map(bulk).join('')}`;
}

for (const hasPlainSockets of [false, true]) {
  t.test(`200000 commands before a reply is read${hasPlainSockets ? ', plain sockets' : ''}`, async (t) => {
    const rig = new ServerRig(t);
    const { port, lane, state } = await serveResp(t, { rig, hasPlainSockets });
    const value = 'v'.repeat(300_000);
    rig.map.set('long', value);
    const [commands, replies]: [string[], string[]] = [[], []];
    for (let i = 0; i < 200_000; i++) {
      const isLong = i % 4000 === 0;
      commands.push(isLong ? words('GET', 'long') : `ECHO ${i}\r\n`);
      replies.push(bulk(isLong ? value : String(i)));
    }
    const [sent, expected] = [commands.join(''), replies.join('')];
    const peer = await Peer.connect(t, port);
    peer.send(sent);
    await until(() => state.commands.traffic.input === sent.length);
    t.equal(lane.busy, 1, 'replies that were not taken are under way');
    t.ok(Buffer.from(expected).equals(await peer.read(expected.length)));
    t.equal(lane.busy, 0);
    peer.send('PING\r\n');
    t.equal(await peer.text('+PONG\r\n'), '+PONG\r\n');
  });
}

t.test('values of all lengths, one behind the other', async (t) => {
  const rig = new ServerRig(t, { flags: { 'max-value-size': '1mb' } });
  const { port } = await serveResp(t, { rig });
  const random = new Random(SEED);
  const lengths = [0, 1, 9, 10, 99, 100, 999, 1000, 9_999, 10_000, 100_000, 200_000];
  for (let near = 65_400; near < 65_560; near++) lengths.push(near);
  for (const length of lengths) rig.map.set(`k${length}`, 'abc'.repeat(length).slice(0, length));
  const order = Array.from({ length: 600 }, () => lengths[random.below(lengths.length)]);
  // Mostly short ones, so that values end at all places of the buffer that they are gathered in.
  const chosen = order.flatMap((length) => [length, random.below(2) === 0 ? 9_999 : 999]);
  const peer = await Peer.connect(t, port);
  peer.send(chosen.map((length) => `GET k${length}\r\n`).join(''));
  const expected = chosen.map((length) => bulk('abc'.repeat(length).slice(0, length))).join('');
  t.ok(Buffer.from(expected).equals(await peer.read(expected.length)), seeded('replies'));
});

t.test('who leaves too many replies untaken is cut off, and nothing more is run', async (t) => {
  let calls = 0;
  const big: Command = {
    name: 'big',
    arity: 1,
    flags: [],
    run: (_args, reply) => {
      calls++;
      reply.bulk(Buffer.alloc(500_000));
    },
  };
  const { port, clients, limit } = await serveResp(t, { commands: () => [big], mostUntaken: 1 << 20 });
  const peer = await Peer.connect(t, port);
  peer.send('BIG\r\n'.repeat(10_000));
  await until(() => calls > 0 && clients.size === 0);
  t.ok(calls < 100, `${calls} calls`);
  t.equal(limit.usage.inFlight, 0);
});

t.test('before a password was said few replies wait', async (t) => {
  const { port, clients, state } = await serveResp(t, { access: 'none' });
  const peer = await Peer.connect(t, port);
  peer.send(`${'x'.repeat(120)}\r\n`.repeat(200_000));
  await until(() => state.commands.traffic.input > 0 && clients.size === 0);
  t.pass('cut off');
});

t.test('a value as large as may be comes in many pieces', async (t) => {
  const most = 200_000;
  const rig = new ServerRig(t, { flags: { 'max-value-size': String(most) }, map: { maxValueSize: most } });
  const { port } = await serveResp(t, { rig, maxValueSize: most });
  const peer = await Peer.connect(t, port);
  const value = 'v'.repeat(most);
  const bytes = words('SET', 'k', value) + words('SET', 'k', `${value}v`) + words('GET', 'k');
  for (let at = 0; at < bytes.length; at += 1_000) peer.send(bytes.slice(at, at + 1_000));
  const expected = `+OK\r\n${TOO_LONG}${bulk(value)}`;
  t.ok((await peer.text(expected)) === expected);
});

t.test('a word that is longer is passed over, wherever it stands', async (t) => {
  const { port } = await serveResp(t, { rig: new ServerRig(t) });
  const long = 'x'.repeat(70_000);
  const peer = await Peer.connect(t, port);
  peer.send(
    words('SET', 'k', long) + words('SET', 'k', long, 'EX', '10') + words('MSET', 'a', long, 'b', long),
  );
  peer.send(words(long) + words('MULTI') + words('SET', 'k', long) + words('PING') + words('EXEC'));
  peer.send(words('EXISTS', 'k', 'a', 'b'));
  const aborted = '-EXECABORT Transaction discarded because of previous errors.\r\n';
  const expected = `${TOO_LONG.repeat(4)}+OK\r\n${TOO_LONG}+QUEUED\r\n${aborted}:0\r\n`;
  t.equal(await peer.text(expected), expected);
});

t.test('nothing of it is kept', async (t) => {
  const { port, state } = await serveResp(t, { rig: new ServerRig(t) });
  const peer = await Peer.connect(t, port);
  const [piece, pieces] = [Buffer.alloc(1 << 20, 'x'), 64];
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  peer.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${piece.length * pieces}\r\n`);
  const { input } = state.commands.traffic;
  for (let i = 1; i <= pieces; i++) {
    peer.send(piece);
    await until(() => state.commands.traffic.input >= input + i * piece.length);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  t.ok(most < 8 * piece.length, `${most} bytes`);
  peer.send('\r\nPING\r\n');
  t.equal(await peer.text(`${TOO_LONG}+PONG\r\n`), `${TOO_LONG}+PONG\r\n`);
});

t.test('a command of very many words is not copied with every read', async (t) => {
  const { port, state } = await serveResp(t, { rig: new ServerRig(t) });
  const peer = await Peer.connect(t, port);
  const count = 400_000;
  const word = bulk('0123456789');
  const piece = word.repeat(1_000);
  peer.send(`*${count + 1}\r\n${bulk('EXISTS')}`);
  const { set } = Uint8Array.prototype;
  let copied = 0;
  Uint8Array.prototype.set = function (source: ArrayLike<number>, at?: number): void {
    copied += source.length;
    set.call(this, source, at);
  };
  t.teardown(() => {
    Uint8Array.prototype.set = set;
  });
  for (let i = 0; i < count / 1_000; i++) peer.send(piece);
  t.equal(await peer.text(':0\r\n'), ':0\r\n');
  const { input } = state.commands.traffic;
  t.ok(copied < 5 * input, `${copied} bytes were copied of ${input}`);
});
