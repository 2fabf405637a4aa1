/** A server with a fast lane in front of it for one test, or without one: then every answer is Hapi's. */
import net, { type AddressInfo } from 'node:net';
import type { ConcurrencyLimit } from '../../src/limits/concurrency.js';
import { LISTENER_TIMEOUTS } from '../../src/server/listener.js';
import { FastLane } from '../../src/wire/http/fast-lane.js';
import { Front } from '../../src/worker/front.js';
import type { TlsIdentity } from '../../src/worker/tls-door.js';
import { limitOf, RawClient, type Setup, serve, type UnderTest, until } from '../server/server-under-test.js';

export interface LaneSetup extends Setup {
  /** Default: on. */
  readonly fastLane?: boolean;
  readonly hasPlainSockets?: boolean;
  /** Only with the lane. Default: no TLS. */
  readonly identity?: TlsIdentity;
  /** Milliseconds. */
  readonly tick?: number;
}

export interface LaneUnderTest extends Omit<UnderTest, 'ask'> {
  readonly lane: FastLane | undefined;
  readonly acceptor: net.Server;
  readonly limit: ConcurrencyLimit;
  /** Connections as the server has them, the last one last. */
  readonly accepted: readonly net.Socket[];
  /** The next connection that the Hapi server is handed. */
  nextHandOver(): Promise<void>;
}

interface Test {
  teardown(done: () => void | Promise<void>): void;
}

export async function serveLane(t: Test, setup: LaneSetup = {}): Promise<LaneUnderTest> {
  const { fastLane = true, limit = limitOf(250, 4096) } = setup;
  const server = await serve(t, { ...setup, limit, listens: false });
  const { lane, acceptor } = fastLane
    ? withLane(server, limit, setup)
    : { lane: undefined, acceptor: server.listener };
  const accepted: net.Socket[] = [];
  acceptor.on('connection', (socket) => accepted.push(socket));
  await new Promise<void>((resolve) => acceptor.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    lane?.stop();
    acceptor.close();
  });
  const { port } = acceptor.address() as AddressInfo;
  const clients: RawClient[] = [];
  t.teardown(() => {
    for (const client of clients) client.destroy();
  });
  return {
    ...server,
    port,
    lane,
    acceptor,
    limit,
    accepted,
    nextHandOver: () => new Promise((resolve) => server.listener.once('connection', () => resolve())),
    connect: async () => {
      const client = await RawClient.connect(port);
      clients.push(client);
      return client;
    },
  };
}

/** As workers have it. */
function withLane(
  server: UnderTest,
  limit: ConcurrencyLimit,
  setup: LaneSetup,
): { lane: FastLane; acceptor: net.Server } {
  const { maxValueSize = 1024, worker = 0, timeouts, tick, hasPlainSockets, identity, tokens, rate } = setup;
  const { state, handOver, refuse } = server;
  const lane = new FastLane({
    cache: server.cache,
    state,
    limit,
    config: { maxValueSize },
    worker,
    tokens,
    rate,
    behind: { handOver: (socket) => front.handOver(socket), refuse },
    timeouts: { ...LISTENER_TIMEOUTS, ...timeouts },
    ...(tick !== undefined && { tick }),
    ...(hasPlainSockets !== undefined && { hasPlainSockets }),
  });
  const http2 = (socket: net.Socket): void => server.http2.handOver(socket);
  const front = new Front({ state, worker, lane, identity, http1: handOver, http2 });
  return { lane, acceptor: front.acceptor };
}

/** Milliseconds without a byte after which a server is taken to wait for more. */
const QUIET = 250;

/** Says that the connection ends with its answer. */
const LAST = 'GET /get/last HTTP/1.1\r\nHost: last\r\nConnection: close\r\n\r\n';

/**
 * What a server sends on a new connection that brings these pieces, each of them once the one before has been read, and
 * then a last request. Should the server not take that for the last, or not for one: what it sends when the client has
 * ended its side. The time of answers is masked.
 */
export async function exchange(server: LaneUnderTest, pieces: readonly Uint8Array[]): Promise<string> {
  const socket = net.connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  const received: Buffer[] = [];
  let ended = '';
  const closed = new Promise<void>((resolve) => {
    socket.on('end', () => {
      ended = 'end';
      resolve();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A write after the server has closed; that it has is what counts.
      if (ended === '') ended = error.code === 'EPIPE' ? 'ECONNRESET' : (error.code ?? 'error');
      resolve();
    });
  });
  socket.setNoDelay(true);
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  let quiet: NodeJS.Timeout | undefined;
  socket.on('data', (chunk) => {
    received.push(chunk);
    quiet?.refresh();
  });
  const known = server.accepted.length;
  await until(() => server.accepted.length >= known && portOf(server.accepted.at(-1)) === socket.localPort);
  const other = server.accepted.at(-1);
  let sent = 0;
  for (const piece of [...pieces, Buffer.from(LAST)]) {
    if (ended !== '') break;
    sent += piece.length;
    socket.write(piece);
    await until(() => ended !== '' || other === undefined || other.destroyed || other.bytesRead >= sent);
  }
  quiet = setTimeout(() => socket.end(), QUIET);
  await closed;
  clearTimeout(quiet);
  socket.destroy();
  await until(() => other?.destroyed ?? true);
  const text = Buffer.concat(received).toString('latin1');
  return `${text.replaceAll(/\r\nDate: [^\r]{29}\r\n/g, '\r\nDate: *\r\n')}<${ended}>`;
}

function portOf(socket: net.Socket | undefined): number | undefined {
  return socket?.remotePort;
}

/** What a server's map holds, in the order of its keys: values, and times to live in steps coarse enough for two runs. */
export function contents({ cache: { map } }: LaneUnderTest): string[] {
  return [...map.keys()].sort().map((key) => {
    const value = Buffer.from(map.get(key) ?? []).toString('latin1');
    const ttl = map.ttl(key) ?? Number.NaN;
    return `${key} = ${value} (${ttl === Number.POSITIVE_INFINITY ? 'for ever' : Math.ceil(ttl / 10_000)})`;
  });
}
