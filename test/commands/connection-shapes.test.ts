/**
 * The kinds of replies (maps, sets, verbatim strings, …) of both versions of the protocol, told by the bytes on the wire: they
 * are those of a real Redis, since clients decode by them.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import t from 'tap';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { RespLane } from '../../src/wire/resp/resp-lane.js';
import { limitOf } from '../server/server-under-test.js';
import { startRedis } from '../store/fixtures/redis-server.js';
import { ServerRig } from './server-rig.js';

const COMMANDS = [
  ...[
    'PING',
    'PING hi',
    'ECHO hi',
    'SELECT 0',
    'SELECT 99',
    'GET none',
    'SET k v',
    'GET k',
    'INCRBYFLOAT f 1.5',
  ],
  ...[
    'CLIENT ID',
    'CLIENT GETNAME',
    'CLIENT SETNAME me',
    'CLIENT GETNAME',
    'CLIENT INFO',
    'CLIENT LIST',
    'CLIENT HELP',
  ],
  ...[
    'COMMAND COUNT',
    'COMMAND',
    'COMMAND INFO rename copy set nosuch',
    'COMMAND INFO config|get',
    'COMMAND DOCS set getset',
  ],
  ...['COMMAND DOCS nosuch', 'COMMAND DOCS client|list', 'COMMAND LIST', 'COMMAND LIST FILTERBY PATTERN get'],
  ...[
    'COMMAND GETKEYS mset a 1 b 2',
    'CONFIG GET save',
    'CONFIG GET nosuch',
    'CONFIG HELP',
    'CONFIG RESETSTAT',
    'INFO',
  ],
  ...[
    'INFO nosuch',
    'TIME',
    'WATCH k',
    'SET k w',
    'MULTI',
    'GET k',
    'EXEC',
    'MULTI',
    'GET k',
    'PING',
    'EXEC',
    'UNWATCH',
  ],
  ...['MULTI', 'DISCARD', 'AUTH x', 'HELLO', 'RESET', 'PING', 'NOSUCH', 'QUIT'],
];

const server = await startRedis(t);

const rig = new ServerRig(t);
const acceptor = createServer({ allowHalfOpen: true });
const lane = new RespLane({
  engine: rig.commands.engine,
  clients: rig.commands.clients,
  limit: limitOf(250, 4096),
  state: ProcessState.create(1),
  worker: 0,
  maxValueSize: 1024,
  logger: { debug: () => {}, warn: () => {} },
});
lane.acceptFrom(acceptor);
acceptor.listen(0, '127.0.0.1');
await once(acceptor, 'listening');
t.teardown(() => {
  lane.stop();
  acceptor.close();
});
const address = acceptor.address();
const port = typeof address === 'object' && address !== null ? address.port : 0;

for (const version of [2, 3]) {
  t.test(`RESP${version}`, async (t) => {
    const lines = [`HELLO ${version}`, ...COMMANDS];
    const ours = await shapes(connect(port, '127.0.0.1'), lines);
    const theirs = await shapes(connect(server.socketPath), lines);
    t.equal(ours.length, lines.length);
    lines.forEach((line, index) => {
      t.strictSame(ours[index], theirs[index], line);
    });
  });
}

/** Says everything at once, as the last of which is QUIT, and gives the kinds of the replies. */
async function shapes(socket: Socket, lines: readonly string[]): Promise<unknown[]> {
  socket.write(lines.map((line) => `${line}\r\n`).join(''));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  socket.end();
  const reader = new Reader(Buffer.concat(chunks).toString('latin1'));
  const replies: unknown[] = [];
  while (!reader.isAtEnd) replies.push(reader.shape().kind);
  return replies;
}

interface Shape {
  readonly kind: unknown;
  /** Of a string: what it says. */
  readonly text: string;
}

/** Names of fields that the older server does not have, or that depend on what commands there are. */
const PASSED_OVER = ['display_text', 'subcommands'];

class Reader {
  #at = 0;

  constructor(readonly received: string) {}

  get isAtEnd(): boolean {
    return this.#at >= this.received.length;
  }

  /** Its type, with those of its parts: of a list the first one's, of a map those of all fields, by name. */
  shape(): Shape {
    const end = this.received.indexOf('\r\n', this.#at);
    const type = this.received[this.#at];
    const rest = this.received.slice(this.#at + 1, end);
    this.#at = end + 2;
    switch (type) {
      case '$':
      case '=':
        if (rest === '-1') return { kind: 'nil', text: '' };
        this.#at += Number(rest) + 2;
        return { kind: type, text: this.received.slice(end + 2, end + 2 + Number(rest)) };
      case '*':
      case '~':
        return { kind: rest === '-1' ? 'no list' : this.#list(type, Number(rest)), text: '' };
      case '%':
        return { kind: this.#map(Number(rest)), text: '' };
      default:
        return { kind: type, text: rest };
    }
  }

  #list(type: string, length: number): unknown {
    const parts = Array.from({ length }, () => this.shape());
    const names = parts.filter((_, index) => index % 2 === 0).map(({ text }) => text);
    // RESP2 has no maps: the lists of fields are known by the names that they begin with.
    if (['summary', 'name', 'flags', 'notes', 'server'].includes(names[0])) return { type, ...fields(parts) };
    return { type, isEmpty: length === 0, kinds: distinct(parts.map(({ kind }) => kind)) };
  }

  #map(length: number): unknown {
    return { type: '%', ...fields(Array.from({ length: 2 * length }, () => this.shape())) };
  }
}

function fields(parts: readonly Shape[]): Record<string, unknown> {
  const entries = Array.from(
    { length: parts.length / 2 },
    (_, index) => [parts[2 * index].text, parts[2 * index + 1].kind] as const,
  );
  return Object.fromEntries(entries.filter(([name]) => !PASSED_OVER.includes(name)));
}

/** Kinds, each once. What a list has of a kind it may have several of, with different fields. */
function distinct(kinds: readonly unknown[]): unknown[] {
  return [...new Set(kinds.map((kind) => (typeof kind === 'object' ? 'nested' : kind)))].sort();
}
