/** Servers of a benchmark: each a process that listens on a port of its own, seen from outside only. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ROOT } from '../command.js';
import { cpuTimeOf, endProcess, residentMemoryOf, type Start, startProcess } from './pinned.js';

/** Started as its users start it: no part of this program. */
const HOTSHARD = join(ROOT, 'dist/bin/hotshard.js');

/** Milliseconds until a server that is not ready never will be: it may have ten million lines to load. */
const PATIENCE = 300_000;
const PAUSE = 10;

export interface RunningServer {
  /** Absent: 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  /** What it wants to be shown; absent: nothing. */
  readonly token?: string | undefined;
  /** User and system time so far, in microseconds; undefined where the system does not tell. */
  cpuTime(): number | undefined;
  /** In bytes; undefined where the system does not tell. */
  residentMemory(): number | undefined;
  stop(): Promise<void>;
  /** As if it had crashed. */
  kill(): Promise<void>;
}

/** A server that is not ready, and won't be. */
export class StartError extends Error {
  /** What it said last. */
  readonly output: string;

  constructor(command: string, output: string) {
    super(`${command} did not come up: ${output}`);
    this.output = output;
  }
}

/** One of the benchmark's own. */
export interface StartedServer extends RunningServer {
  /** Resolves when its process is gone, with what it said last. */
  readonly ended: Promise<string>;
}

export interface ServerStart extends Pick<Start, 'core' | 'command' | 'args' | 'environment'> {
  readonly port: number;
  /** Whether it answers. May reject until it does. */
  readonly isReady: () => Promise<boolean>;
}

/**
 * Resolves when it is ready.
 *
 * @throws {StartError} when it ends before, or takes too long
 */
export async function startServer({ port, isReady, ...start }: ServerStart): Promise<StartedServer> {
  const child = startProcess({ ...start, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = lastOutputOf(child);
  const deadline = performance.now() + PATIENCE;
  while (!(await isReady().catch(() => false))) {
    const isOver = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
    if (isOver || performance.now() > deadline) {
      await endProcess(child, 'SIGKILL');
      throw new StartError([start.command, ...start.args].join(' '), output());
    }
    await wait(PAUSE);
  }
  return {
    port,
    ended: new Promise((resolve) => child.once('exit', () => resolve(output()))),
    cpuTime: () => (child.pid === undefined ? undefined : cpuTimeOf(child.pid)),
    residentMemory: () => (child.pid === undefined ? undefined : residentMemoryOf(child.pid)),
    stop: () => endProcess(child),
    kill: () => endProcess(child, 'SIGKILL'),
  };
}

/**
 * @param program absent: hotshard from this build
 * @param environment variables beside those of this process
 */
export async function startHotshard(
  flags: readonly string[],
  core: Start['core'] = 'server',
  program = HOTSHARD,
  environment: Readonly<Record<string, string>> = {},
): Promise<StartedServer> {
  const port = await freePort();
  return startServer({
    core,
    command: process.execPath,
    args: [program, '--host', '127.0.0.1', '--port', String(port), ...flags],
    environment,
    port,
    isReady: () => answers(port, '/readyz'),
  });
}

/** Whether a GET is answered 200 or, by a server that has no such key, 404. */
export async function answers(
  port: number,
  path: string,
  statuses: readonly number[] = [200],
): Promise<boolean> {
  const { status, body } = await fetch(`http://127.0.0.1:${port}${path}`);
  await body?.cancel();
  return statuses.includes(status);
}

/** Whether what is written to the port is replied to by something that begins so: for servers that don't speak HTTP. */
export function replies(port: number, text: string, beginning: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.on('error', reject);
    socket.once('data', (reply) => {
      socket.destroy();
      resolve(reply.toString('latin1').startsWith(beginning));
    });
    socket.write(text);
  });
}

/** One that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no free port');
  return address.port;
}

/** Reads all that it says, so that it is never held up, and keeps the end. */
function lastOutputOf({ stdout, stderr }: ChildProcess): () => string {
  let text = '';
  for (const stream of [stdout, stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk) => {
      text = (text + chunk).slice(-2_000);
    });
  }
  return () => text;
}
