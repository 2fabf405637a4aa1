/**
 * The same bytes to a real Redis and to a lane, to the lane in all pieces that they can come in: the same bytes come back,
 * and the connection ends in the same way, when the client has said its last or before.
 */
import { connect } from 'node:net';
import t from 'tap';
import { Tokens } from '../../../src/limits/tokens.js';
import { ServerRig } from '../../commands/server-rig.js';
import { until } from '../../server/server-under-test.js';
import { startRedis } from '../../store/fixtures/redis-server.js';
import { type RespUnderTest, serveResp } from './lane-under-test.js';

const PASSWORD = 'p'.repeat(16);

const [open, closed] = await Promise.all([startRedis(t), startRedis(t, { password: PASSWORD })]);

/** An array of words, as clients send it. */
function words(...all: readonly (string | Buffer)[]): string {
  const parts = all.map((word) => Buffer.from(word).toString('latin1'));
  return `*${parts.length}\r\n${parts.map((part) => `$${part.length}\r\n${part}\r\n`).join('')}`;
}

const BINARY = Buffer.from([0, 13, 10, 0xff, 0x80, 0x24]);

const SHORT = [
  'PING\r\n',
  'PING\n',
  '\r\n\n \r\n\t\r\nPING\r\n',
  'ping hi\r\nPiNg\r\n',
  'SET "a b" \'c d\'\r\nGET "\\x61 b"\r\n',
  'ECHO "\\n\\r\\t\\b\\a\\q\\\\\\""\r\n',
  "ECHO 'it\\'s \\n'\r\n",
  'ECHO ""\r\nECHO \'\'\r\n',
  'ECHO "open\r\nPING\r\n',
  'ECHO "a"b\r\nPING\r\n',
  'ECHO a"b"\r\nPING\r\n',
  'PING\r\n*x\r\nPING\r\n',
  '*1\r\n$4\r\nPING\r\n',
  '*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n',
  '*0\r\n*-1\r\n*-9\r\nPING\r\n',
  '*01\r\n',
  '*+1\r\n',
  '*\r\nPING\r\n',
  '*1 \r\nPING\r\n',
  '*2147483648\r\nPING\r\n',
  '*-99999999999999999999\r\nPING\r\n',
  '*1\r\n$-1\r\nPING\r\n',
  '*1\r\n$-0\r\nPING\r\n',
  '*1\r\n$00\r\nPING\r\n',
  '*1\r\n$536870913\r\nPING\r\n',
  '*1\r\nPING\r\nPING\r\n',
  '*1\r\n:4\r\nPING\r\n',
  '*1\r\n\r\nPING\r\n',
  '*2\r\n$4\r\nECHO\r\n$0\r\n\r\nPING\r\n',
  '*2147483647\r\n$4\r\nPING\r\n',
  '*1\r\n$512\r\nPING\r\n',
  words('SET', BINARY, BINARY) + words('GET', BINARY),
  words('GET') + words('NOSUCH', 'a\r\nb') + words('') + words('PING'),
  words('MULTI') + words('SET', 'k', 'v') + words('GET', 'k') + words('NOSUCH') + words('EXEC'),
  words('MULTI') + words('SET', 'k', 'v') + words('GET', 'k') + words('EXEC'),
  words('QUIT') + words('PING'),
];

const LINE = 64 * 1024;
const QUIT = words('QUIT');

const LONG = [
  'x'.repeat(LINE + 1),
  `PING ${'x'.repeat(1000)}\r\n${'x'.repeat(LINE + 1)}`,
  `*${'1'.repeat(LINE)}`,
  `*1\r\n$${'1'.repeat(LINE)}`,
  words('SET', 'k', 'v'.repeat(60_000)) + words('GET', 'k').repeat(5) + QUIT,
  words('PING').repeat(20_000) + QUIT,
];

const OF_STRANGERS = [
  'PING\r\nGET k\r\nNOSUCH\r\nQUIT\r\nPING\r\n',
  `${words(...'0123456789'.split(''))}*11\r\n$1\r\n0\r\n`,
  '*1\r\n$16385\r\nPING\r\n',
  `AUTH ${PASSWORD}\r\n*11\r\n$4\r\nPING\r\n`,
  `AUTH wrong\r\nAUTH ${PASSWORD}\r\nAUTH default ${PASSWORD}\r\nPING\r\n`,
  words('ECHO', 'v'.repeat(16_384)),
];

t.test('whole, byte by byte, and cut at every place', async (t) => {
  const lane = await serveResp(t, { rig: new ServerRig(t) });
  for (const text of SHORT) {
    const expected = await exchange(open.port, [text]);
    for (const pieces of [[text], [...text], ...cuts(text)]) {
      const actual = await toLane(lane, pieces);
      if (actual !== expected) t.equal(actual, expected, JSON.stringify(pieces));
    }
    t.pass(JSON.stringify(text));
  }
});

t.test('RESP3', async (t) => {
  const lane = await serveResp(t, { rig: new ServerRig(t) });
  const hello = words('HELLO', '3');
  for (const text of SHORT) {
    const [ours, theirs] = [await toLane(lane, [hello, text]), await exchange(open.port, [hello + text])];
    // Who is who, and which version, is not the same.
    const who = /^%7\r\n.*?\*0\r\n/s;
    t.match(ours, who);
    t.equal(ours.replace(who, ''), theirs.replace(who, ''), JSON.stringify(text));
  }
});

t.test('long ones', async (t) => {
  const lane = await serveResp(t, { rig: new ServerRig(t), maxValueSize: LINE });
  for (const text of LONG) {
    const expected = await exchange(open.port, [text]);
    const halves = [text.slice(0, LINE / 2), text.slice(LINE / 2)];
    for (const pieces of [[text], halves]) t.equal(await toLane(lane, pieces), expected, text.slice(0, 40));
  }
});

t.test('of clients that have not said a password', async (t) => {
  const lane = await serveResp(t, { rig: new ServerRig(t, { passwords: new Tokens(PASSWORD) }) });
  for (const text of OF_STRANGERS) {
    const expected = await exchange(closed.port, [text]);
    const each = text.length < 200 ? [[...text], ...cuts(text)] : [];
    for (const pieces of [[text], ...each]) t.equal(await toLane(lane, pieces), expected, text.slice(0, 40));
  }
});

function cuts(text: string): string[][] {
  return Array.from({ length: text.length - 1 }, (_, at) => [text.slice(0, at + 1), text.slice(at + 1)]);
}

/** Each piece is sent when the one before has been read. */
async function toLane({ port, state }: RespUnderTest, pieces: readonly string[]): Promise<string> {
  const before = state.commands.traffic.input;
  return await exchange(port, pieces, (sent) => state.commands.traffic.input >= before + sent);
}

/** What comes for these bytes on a connection that the client has said its last on, and how it ends. */
async function exchange(
  port: number,
  pieces: readonly string[],
  isRead: (bytes: number) => boolean = () => true,
): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.setNoDelay(true);
  let received = '';
  let ending = '';
  const ended = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    socket.on('end', () => {
      ending ||= 'end';
      resolve();
    });
    socket.on('error', ({ message }) => {
      ending ||= message;
      resolve();
    });
  });
  let sent = 0;
  for (const piece of pieces) {
    if (ending !== '') break;
    socket.write(piece, 'latin1');
    sent += piece.length;
    await until(() => ending !== '' || isRead(sent));
  }
  // Redis does not send long replies to who has said its last.
  if (pieces.at(-1)?.endsWith(QUIT) !== true) socket.end();
  await ended;
  socket.destroy();
  return `${received}<${ending}>`;
}
