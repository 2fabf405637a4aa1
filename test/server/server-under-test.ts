/** A server on a free port for one test, and clients that see the wire: node:http, node:http2, and a raw socket. */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { SharedCache } from '../../shards/index.js';
import { CounterBase } from '../../src/commands/counter-base.js';
import { createCommands } from '../../src/commands/create.js';
import { JsonCommands } from '../../src/commands/json-commands.js';
import { SharedClients } from '../../src/commands/shared-clients.js';
import { ConcurrencyLimit } from '../../src/limits/concurrency.js';
import { Tokens } from '../../src/limits/tokens.js';
import type { ServedCache } from '../../src/server/place.js';
import type { AccessRules } from '../../src/server/plugins/access.js';
import { createServer, type HttpServer, type HttpServerOptions } from '../../src/server/server.js';
import { LocalCache } from '../../src/store/local.js';
import type { SettlingCache, TieredCache } from '../../src/store/tiered.js';
import { Turnstile } from '../../src/store/turnstile.js';
import { Watches } from '../../src/store/watches.js';
import { HotKeys } from '../../src/telemetry/hot-keys.js';
import { type Phase, ProcessState } from '../../src/telemetry/process-state.js';
import { Front } from '../../src/worker/front.js';
import type { TlsIdentity } from '../../src/worker/tls-door.js';
import { testConfig } from '../supervisor/fixtures/config.js';
import { askOver, openSession } from './http2-client.js';

export type Protocol = 'http/1.1' | 'h2c' | 'https' | 'h2';

let spoken: Protocol = 'http/1.1';
let identity: TlsIdentity | undefined;

/** What clients of the servers to come speak. Files of tests can so be run over several protocols. */
export function speak(protocol: Protocol, withIdentity?: TlsIdentity): void {
  spoken = protocol;
  identity = withIdentity;
}

/** The headers of an answer that are about its connection: HTTP/2 has none. */
export function connectionHeaders(): string[] {
  return spoken === 'http/1.1' || spoken === 'https' ? ['connection'] : [];
}

export interface Setup extends AccessRules {
  readonly cache?: (map: SharedCache, state: ProcessState) => TieredCache;
  readonly state?: ProcessState;
  readonly phase?: Phase;
  readonly limit?: ConcurrencyLimit;
  readonly maxValueSize?: number;
  /** Bytes of the map. */
  readonly maxMemory?: number;
  readonly worker?: number;
  /** False: all is answered by Hapi. */
  readonly shortCut?: boolean;
  /** False: connections can only be handed over. */
  readonly listens?: boolean;
  readonly timeouts?: NonNullable<HttpServerOptions['timeouts']>;
  readonly logger?: NonNullable<HttpServerOptions['logger']>;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export interface Asking {
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
}

export interface UnderTest extends HttpServer {
  readonly port: number;
  readonly state: ProcessState;
  readonly cache: ServedCache;
  ask(method: string, path: string, asking?: Asking): Promise<Answer>;
  connect(): Promise<RawClient>;
}

interface Test {
  teardown(done: () => void | Promise<void>): void;
}

export async function serve(t: Test, setup: Setup = {}): Promise<UnderTest> {
  const state = setup.state ?? ProcessState.create(1);
  state.advanceTo(setup.phase ?? 'serving');
  if (setup.phase === undefined) state.markLoaded();
  const map = SharedCache.create({ maxMemory: setup.maxMemory ?? 64 * 1024 * 1024 });
  const cache = immediate(setup.cache?.(map, state) ?? new LocalCache(map, state));
  const hotKeys = new HotKeys({ runId: randomUUID(), worker: 0, workers: 1 });
  const server = createServer({
    cache,
    state,
    limit: setup.limit ?? limitOf(250, 4096),
    config: { maxValueSize: setup.maxValueSize ?? 1024 },
    commands: jsonCommands(map, cache, state),
    worker: setup.worker ?? 0,
    hotKeys,
    ...accessOf(setup),
    ...(setup.timeouts && { timeouts: setup.timeouts }),
    ...(setup.logger && { logger: setup.logger }),
    ...(setup.shortCut !== undefined && { shortCut: setup.shortCut }),
  });
  await server.start();
  const acceptor = acceptorOf(server, state, setup);
  if (setup.listens !== false) {
    await new Promise<void>((resolve) => acceptor.listen(0, '127.0.0.1', resolve));
  }
  const port = (acceptor.address() as AddressInfo | null)?.port ?? 0;
  const clients: RawClient[] = [];
  const ask = asker(t, port);
  t.teardown(async () => {
    for (const client of clients) client.destroy();
    await server.stop(0);
    hotKeys.stop();
    acceptor.close();
  });
  return {
    ...server,
    port,
    state,
    cache,
    ask,
    connect: async () => {
      const client = await RawClient.connect(port);
      clients.push(client);
      return client;
    },
  };
}

function immediate(cache: TieredCache): ServedCache {
  if ('readInto' in cache && 'writeFrom' in cache) return cache as ServedCache;
  throw new TypeError('a server needs a cache that can answer at once');
}

/** Of one worker. */
function jsonCommands(map: SharedCache, cache: ServedCache, state: ProcessState): JsonCommands {
  const turn = Turnstile.create(1).turnOf(0);
  const { engine, clients, transactions } = createCommands({
    config: testConfig(),
    worker: 0,
    cache: cache as SettlingCache & ServedCache,
    hasFile: false,
    turn,
    watcher: Watches.create(1).watcherOf(0, map),
    state,
    statistics: state.commands,
    sharedClients: SharedClients.create(1),
    counterBase: CounterBase.create(),
    passwords: new Tokens(undefined),
    limits: { bulkLength: 0, queryBuffer: 0, outputBuffer: 0 },
    onFailure: (error) => {
      throw error;
    },
    port: () => 0,
  });
  clients.stop();
  return new JsonCommands(engine, transactions);
}

function accessOf({ tokens, rate, reportRate }: AccessRules): AccessRules {
  return { tokens, rate, reportRate };
}

/** A limit for one worker. */
export function limitOf(
  concurrencyLimit: number,
  backlogLimit: number,
  waitLimit = 10_000,
): ConcurrencyLimit {
  return ConcurrencyLimit.attach(
    ConcurrencyLimit.create({ concurrencyLimit, backlogLimit, workers: 1, waitLimit }),
    0,
  );
}

/** The listener itself for HTTP/1.1, else a front before it. */
function acceptorOf(server: HttpServer, state: ProcessState, { worker = 0, timeouts }: Setup): net.Server {
  if (spoken === 'http/1.1') return server.listener;
  const front = new Front({
    state,
    worker,
    identity,
    http1: (socket) => server.handOver(socket),
    http2: (socket) => server.http2.handOver(socket),
    ...(timeouts?.headersTimeout !== undefined && { headersTimeout: timeouts.headersTimeout }),
  });
  return front.acceptor;
}

function asker(t: Test, port: number): UnderTest['ask'] {
  const secure = spoken === 'https' || spoken === 'h2';
  const ca = identity?.certificate ?? '';
  if (spoken === 'http/1.1' || spoken === 'https') {
    const request = secure ? https.request : http.request;
    return (method, path, asking) => ask(request, { port, method, path, ca }, asking);
  }
  let session: Promise<ClientHttp2Session> | undefined;
  t.teardown(async () => (await session)?.destroy());
  return async (method, path, asking) => {
    session ??= openSession(`${secure ? 'https' : 'http'}://127.0.0.1:${port}`, { ca });
    return askOver(await session, method, path, asking);
  };
}

function ask(
  send: typeof http.request,
  target: https.RequestOptions,
  { headers, body }: Asking = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = send({ ...target, headers: headers ?? {}, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: bytes,
          text: bytes.toString(),
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** A socket whose bytes are in the test's hands. */
export class RawClient {
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(readonly socket: net.Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('end', end);
    socket.on('close', end);
  }

  static connect(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () =>
        resolve(new RawClient(socket)),
      );
      socket.once('error', reject);
    });
  }

  send(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** What has come and is not taken yet. */
  get received(): Buffer {
    return this.#received;
  }

  /** The next answer; answers of HEAD requests have no body on the wire. */
  async answer({ head = false } = {}): Promise<Answer> {
    const headEnd = await this.#until(() => this.#received.indexOf('\r\n\r\n'));
    const [statusLine = '', ...lines] = this.#received.subarray(0, headEnd).toString('latin1').split('\r\n');
    const headers: http.IncomingHttpHeaders = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const length = head ? 0 : Number(headers['content-length'] ?? 0);
    const start = headEnd + 4;
    await this.#until(() => (this.#received.length >= start + length ? 0 : -1));
    const body = this.#received.subarray(start, start + length);
    this.#received = this.#received.subarray(start + length);
    return { status: Number(statusLine.split(' ')[1]), headers, body, text: body.toString() };
  }

  /** Resolves with what is left when the server ends the connection. */
  async end(): Promise<string> {
    await this.#until(() => (this.#ended ? 0 : -1));
    return this.#received.toString('latin1');
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #until(found: () => number): Promise<number> {
    for (;;) {
      const at = found();
      if (at !== -1) return at;
      if (this.#ended)
        throw new Error(`the connection ended early, after ${JSON.stringify(this.#received.toString())}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A promise and what settles it. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Resolves when the condition holds; the test's own time limit bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
