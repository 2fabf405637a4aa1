/** The server that is measured: one that is started here, or one that is running. */
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { CacheClient } from '../../client.js';
import { cpuTimeOf, residentMemoryOf } from '../load/pinned.js';
import { type RunningServer, StartError, type StartedServer, startHotshard } from '../load/server.js';
import { BenchFailure } from './failure.js';
import type { BenchOptions } from './options.js';

/** Milliseconds until the end of a process is known for certain. */
const END_NOTICE = 500;

export interface BenchTarget {
  readonly server: RunningServer;
  /** Undefined: it is no hotshard, as it has no `/stats`. */
  readonly about: About | undefined;
  /** @throws {BenchFailure | ClientError} when it is gone, and says why */
  assertAlive(): Promise<void>;
  stop(): Promise<void>;
}

/** What `/stats` tells. */
const stats = z.object({
  version: z.string(),
  pid: z.number(),
  workers: z.array(z.unknown()).transform(({ length }) => length),
  memory: z.object({ rss: z.number() }),
});

export type About = z.infer<typeof stats>;

/**
 * It takes reads and writes.
 *
 * @throws {BenchFailure | ClientError} when it does not
 */
export async function openTarget({ url, token, serverFlags }: BenchOptions): Promise<BenchTarget> {
  const own = url === undefined ? await startOwn(serverFlags, token) : undefined;
  const address = url ?? new URL(`http://127.0.0.1:${own?.port}`);
  const client = new CacheClient(address, { authToken: token });
  try {
    await client.set('key:0', Buffer.from('0'));
    const { success, data } = stats.safeParse(await client.stats().catch(() => undefined));
    const about = success ? data : undefined;
    return {
      server: { ...(own ?? runningAt(address, about)), token },
      about,
      async assertAlive() {
        const last = await Promise.race([own?.ended, wait(END_NOTICE, undefined, { ref: false })]);
        if (typeof last === 'string') throw new BenchFailure(`the server has ended: ${lastLine(last)}`);
        await client.get('key:0');
      },
      stop: async () => own?.stop(),
    };
  } catch (error) {
    await own?.stop();
    throw error;
  }
}

/** With one worker and a core of its own; with workers of the user's choice, on all cores but the load's. */
async function startOwn(flags: readonly string[], token: string | undefined): Promise<StartedServer> {
  const hasWorkers = flags.some((flag) => /^(?:--workers|-w)/.test(flag));
  try {
    // Not as a flag, which all users of the machine could read.
    const environment = token === undefined ? {} : { HOTSHARD_AUTH_TOKEN: token };
    const core = hasWorkers ? 'rest' : 'server';
    return await startHotshard(['--workers', '1', ...flags], core, undefined, environment);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    throw new BenchFailure(`the server did not start: ${lastLine(error.output)}`, { cause: error });
  }
}

function runningAt({ hostname, port }: URL, about: About | undefined): RunningServer {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const pid = about !== undefined && isHere(host, about) ? about.pid : undefined;
  return {
    ...{ host, port: Number(port || '80') },
    cpuTime: () => (pid === undefined ? undefined : cpuTimeOf(pid)),
    residentMemory: () => (pid === undefined ? undefined : residentMemoryOf(pid)),
    stop: async () => {},
    kill: async () => {},
  };
}

/**
 * Whether the server's process is known to this system by the number that the server knows. In a container that is another
 * one, so the process of that number must be as large as the server says it is.
 */
function isHere(host: string, { pid, memory }: About): boolean {
  const resident = residentMemoryOf(pid) ?? 0;
  return /^(?:localhost|127\.|::1$)/.test(host) && Math.abs(resident / memory.rss - 1) < 0.2;
}

/** Its last words: a line of the log only where that is a warning or worse. */
function lastLine(output: string): string {
  const line = output.trim().split('\n').at(-1) ?? '';
  const isLog = line.startsWith('{');
  const warning = /"level":[4-6]0.*"msg":"([^"]*)/.exec(line)?.[1];
  const words = isLog ? warning : line.replace(/^hotshard: /, '');
  return words === undefined || words === '' ? 'it did not say why' : words;
}
