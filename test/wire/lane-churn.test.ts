/**
 * Clients of the whole program that come, misbehave and go: when the last one has gone, sockets, requests in flight and
 * memory are what they were. HOTSHARD_EFFORT=100 makes a soak of it.
 */
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { END_HEADERS, END_STREAM, FRAME, frame, headersOf, PREFACE } from '../server/http2-client.js';
import { type Hotshard, startHotshard } from '../store/fixtures/hotshard.js';

const EFFORT = Number(process.env.HOTSHARD_EFFORT ?? 0.1);
const BATCHES = Math.ceil(20 * EFFORT);
/** Clients of each kind in a batch. */
const CLIENTS = 2;
const TIMEOUT = 60_000 + 3_000 * BATCHES;

/** Of pino's levels. */
const INFO = 30;

const VALUE_BYTES = 200_000;
/** Milliseconds for the server to notice what its clients have done, and from one look to the next. */
const PATIENCE = 15_000;
const PAUSE = 5;

/** More than the buffers of a connection's two ends hold. */
const MANY = 100;
/** Resident memory may grow so much for all that a garbage collector leaves for later, however many batches there are. */
const MOST_GROWTH = 100 * 2 ** 20;

const GET = 'GET /get/k HTTP/1.1\r\nHost: h\r\n\r\n';
const LARGE = 'GET /get/large HTTP/1.1\r\nHost: h\r\n\r\n';
const LOOKUP = 'GET /lookup?key=k HTTP/1.1\r\nHost: h\r\n\r\n';
const STORE = 'POST /store/k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nvalue';
const HTTP2 = Buffer.concat([
  Buffer.from(PREFACE),
  frame(FRAME.settings, 0, 0),
  frame(FRAME.headers, END_STREAM | END_HEADERS, 1, headersOf('GET', '/get/large')),
]);

const reset = (socket: Socket): unknown => socket.resetAndDestroy();
const vanish = (socket: Socket): unknown => socket.destroy();
const answered = async (socket: Socket): Promise<unknown> => {
  await once(socket, 'data');
  return socket.resetAndDestroy();
};
const finish = async (socket: Socket): Promise<unknown> => {
  socket.end();
  await once(socket.resume(), 'end');
  return socket.destroy();
};

/** Who goes at once, or as soon as there is something to go from. */
const PASSING: readonly (readonly [bytes: string | Uint8Array, go: (socket: Socket) => unknown])[] = [
  ['', vanish],
  ['', reset],
  [GET.slice(0, 9), vanish],
  [GET + GET.slice(0, 9), answered],
  [GET.slice(0, 9), finish],
  [STORE.slice(0, -2), reset],
  [STORE.slice(0, -2), finish],
  [STORE + GET, finish],
  [GET.repeat(50), reset],
  [LARGE.repeat(MANY), answered],
  [LARGE + LOOKUP + GET, answered],
  [LOOKUP, reset],
  ['nonsense\r\n\r\n', finish],
  [PREFACE.slice(0, 9), vanish],
  [PREFACE.slice(0, 9), finish],
  [HTTP2, answered],
  [HTTP2, reset],
];

/** Who has a request in flight for as long as he likes: he does not read, or has not sent all. */
const STAYING = [
  LARGE.repeat(MANY),
  STORE + LARGE.repeat(MANY),
  STORE.slice(0, -2),
  GET + STORE.slice(0, -2),
];

async function open(hotshard: Hotshard, bytes: string | Uint8Array): Promise<Socket> {
  const { port, hostname } = new URL(String((await hotshard.logged('hotshard serves on')).address));
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (bytes.length > 0) socket.write(bytes);
  return socket;
}

interface Usage {
  readonly descriptors: number;
  readonly open: number;
  readonly inFlight: number;
  readonly waiting: number;
}

async function usageOf({ client }: Hotshard): Promise<{ usage: Usage; resident: number }> {
  const { pid, limits, workers, memory } = JSON.parse((await client.ask('GET', '/stats')).text);
  const open = workers.reduce(
    (sum: number, row: { openConnections: number }) => sum + row.openConnections,
    0,
  );
  const { inFlight, waiting } = limits;
  return {
    usage: { descriptors: readdirSync(`/proc/${pid}/fd`).length, open, inFlight, waiting },
    resident: memory.rss,
  };
}

/** The one that asks for it. */
const ALONE = { open: 1, inFlight: 1, waiting: 0 };

/** What is used when it is as wanted. @throws {Error} with what is used, when there is no hope of that any more */
async function usageWhen(hotshard: Hotshard, isWanted: (usage: Usage) => boolean): Promise<Usage> {
  for (const deadline = performance.now() + PATIENCE; ; ) {
    const { usage } = await usageOf(hotshard);
    if (isWanted(usage)) return usage;
    if (performance.now() > deadline) throw new Error(`it stays at ${JSON.stringify(usage)}`);
    await pause(PAUSE);
  }
}

function usageAlone(hotshard: Hotshard): Promise<Usage> {
  return usageWhen(hotshard, ({ open, inFlight }) => open === ALONE.open && inFlight === ALONE.inFlight);
}

async function batch(hotshard: Hotshard): Promise<void> {
  const times = Array.from({ length: CLIENTS });
  const staying = await Promise.all(times.flatMap(() => STAYING.map((bytes) => open(hotshard, bytes))));
  const goings = times.flatMap(() =>
    PASSING.map(async ([bytes, go]) => {
      const socket = await open(hotshard, bytes);
      await go(socket);
    }),
  );
  await Promise.all(goings);
  await usageWhen(hotshard, ({ inFlight }) => inFlight === staying.length + 1);
  for (const [i, socket] of staying.entries()) (i % 2 === 0 ? reset : vanish)(socket);
}

async function soak(t: Test, workers: number): Promise<void> {
  const hotshard = await startHotshard(t, { workers });
  await hotshard.client.set('large', 'x'.repeat(VALUE_BYTES));
  // What is made once, and kept, is there after the first.
  await batch(hotshard);
  const { descriptors } = await usageAlone(hotshard);
  const { resident } = await usageOf(hotshard);
  for (let i = 0; i < BATCHES; i++) await batch(hotshard);
  t.strictSame(await usageAlone(hotshard), { descriptors, ...ALONE });
  const growth = (await usageOf(hotshard)).resident - resident;
  t.ok(growth < MOST_GROWTH, `grown by ${growth} bytes`);
  t.equal((await hotshard.client.get('k')).text, 'value', 'it is well');
  hotshard.kill('SIGTERM');
  t.equal(await hotshard.ended, 0);
  t.strictSame(
    hotshard.log.filter(({ level }) => level > INFO),
    [],
    'nothing to warn of',
  );
}

const skip = existsSync('/proc/self/fd') ? false : 'descriptors can’t be counted here';
for (const workers of [0, 1, 2]) {
  t.test(`${workers} workers`, { timeout: TIMEOUT, skip }, (t) => soak(t, workers));
}
