/** hotshard and Redis as servers of the Redis protocol, on one core or on two. */
import { freePort, type RunningServer, type ServerStart, startHotshard } from '../load/server.js';
import { startRedis } from '../redis/redis-server.js';

export const OWN = 'hotshard';

export interface Contender {
  readonly name: string;
  /** For counters and costs: hotshard's port is that of HTTP. */
  readonly server: RunningServer;
  /** That speaks the Redis protocol. */
  readonly port: number;
}

/** How a contender is started. */
export type ContenderStart = () => Promise<Contender>;

/** Both with one thread for commands. */
export const ON_ONE_CORE: readonly ContenderStart[] = [hotshard(1, 'server'), redis('Redis', 'server')];

/** Redis has one thread for commands however it is set up; that for sockets too helps it where it helps at all. */
export const ON_TWO_CORES: readonly ContenderStart[] = [
  hotshard(2, 'both'),
  redis('Redis', 'both'),
  redis('Redis, io-threads 2', 'both', { 'io-threads': '2', 'io-threads-do-reads': 'yes' }),
];

function hotshard(workers: number, core: ServerStart['core']): ContenderStart {
  return async () => {
    const port = await freePort();
    const flags = ['--workers', String(workers), '--resp-port', String(port)];
    return { name: OWN, server: await startHotshard(flags, core), port };
  };
}

function redis(
  name: string,
  core: ServerStart['core'],
  settings?: Readonly<Record<string, string>>,
): ContenderStart {
  return async () => {
    const server = await startRedis(undefined, core, settings);
    return { name, server, port: server.port };
  };
}

/** All, or none: those that came up are stopped when one did not. */
export async function startAll(starts: readonly ContenderStart[]): Promise<Contender[]> {
  const settled = await Promise.allSettled(starts.map((start) => start()));
  const running = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed === undefined) return running;
  await stopAll(running);
  throw failed.reason;
}

export async function stopAll(contenders: readonly Contender[]): Promise<void> {
  await Promise.all(contenders.map(({ server }) => server.stop()));
}
