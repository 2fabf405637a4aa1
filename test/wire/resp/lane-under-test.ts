/** A RESP lane with the commands of one test, listening on a free port. */
import net, { type AddressInfo } from 'node:net';
import type { SharedCache } from '../../../shards/index.js';
import { Client } from '../../../src/commands/client.js';
import type { Command } from '../../../src/commands/command.js';
import { Engine } from '../../../src/commands/engine.js';
import type { ConcurrencyLimit } from '../../../src/limits/concurrency.js';
import type { ImmediateCache, TieredCache } from '../../../src/store/tiered.js';
import type { ProcessState } from '../../../src/telemetry/process-state.js';
import { RespLane } from '../../../src/wire/resp/resp-lane.js';
import type { ServerRig } from '../../commands/server-rig.js';
import { limitOf, serve } from '../../server/server-under-test.js';

export interface RespSetup {
  /** Commands over this cache. Default: none. */
  readonly commands?: (cache: TieredCache & ImmediateCache, map: SharedCache) => readonly Command[];
  /** In place of commands and access: all of the program's. */
  readonly rig?: Pick<ServerRig, 'commands'>;
  readonly limit?: ConcurrencyLimit;
  readonly maxValueSize?: number;
  readonly hasPlainSockets?: boolean;
  /** What clients may do that have not said a password. Default: everything. */
  readonly access?: Client['access'];
  /** Bytes. */
  readonly mostUntaken?: number;
  /** Milliseconds. */
  readonly tick?: number;
}

export interface RespUnderTest {
  readonly port: number;
  readonly lane: RespLane;
  readonly acceptor: net.Server;
  readonly limit: ConcurrencyLimit;
  readonly state: ProcessState;
  /** Warnings that were logged. */
  readonly warnings: readonly string[];
  /** Those that are connected. */
  readonly clients: ReadonlySet<Client>;
}

interface Test {
  teardown(done: () => void | Promise<void>): void;
}

export async function serveResp(t: Test, setup: RespSetup): Promise<RespUnderTest> {
  const { maxValueSize = 1024, limit = limitOf(250, 4096), access = 'full' } = setup;
  const { hasPlainSockets, mostUntaken, tick } = setup;
  const server = await serve(t, { limit, listens: false, maxValueSize });
  const { cache } = server;
  const engine = new Engine({
    cache,
    commands: setup.commands?.(cache, cache.map) ?? [],
    counter: { count: () => {}, rejected: () => {}, failed: () => {}, erred: () => {} },
    turn: { enter: () => {}, leave: () => {} },
    onFailure: (error) => {
      throw error;
    },
  });
  const { state } = server;
  const warnings: string[] = [];
  const clients = new Set<Client>();
  let ids = 0;
  const lane = new RespLane({
    engine: setup.rig?.commands.engine ?? engine,
    limit,
    state,
    worker: 0,
    maxValueSize,
    clients: setup.rig?.commands.clients ?? {
      open: (socket) => {
        const client = new Client({
          id: ++ids,
          address: `${socket.remoteAddress}:${socket.remotePort}`,
          localAddress: `${socket.localAddress}:${socket.localPort}`,
          access,
        });
        clients.add(client);
        return client;
      },
      close: (client) => void clients.delete(client),
    },
    logger: { debug: () => {}, warn: (_details, message) => void warnings.push(message) },
    ...(mostUntaken !== undefined && { mostUntaken }),
    ...(tick !== undefined && { tick }),
    ...(hasPlainSockets !== undefined && { hasPlainSockets }),
  });
  const acceptor = net.createServer({ allowHalfOpen: true });
  lane.acceptFrom(acceptor);
  // As the front of a worker does.
  acceptor.on('connection', (socket) => socket.setNoDelay(true));
  await new Promise<void>((resolve) => acceptor.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    lane.stop();
    acceptor.close();
  });
  const { port } = acceptor.address() as AddressInfo;
  return { port, lane, acceptor, limit, state, warnings, clients };
}
