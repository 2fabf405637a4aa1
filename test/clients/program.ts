/** The program as its users start it, with both of its ports, for clients that others have written. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { plain } from '../plain.js';
import { type Hotshard, type HotshardOptions, startReady } from '../store/fixtures/hotshard.js';
import type { Owner } from '../store/fixtures/redis-server.js';

export interface BothPorts {
  readonly hotshard: Hotshard;
  /** Of HTTP. */
  readonly url: string;
  /** Of the Redis protocol. */
  readonly port: number;
}

const execute = promisify(execFile);

/** @param options without `--resp-port`. Resolves when it is ready */
export async function startBothPorts(
  owner: Owner,
  { args = [], ...options }: HotshardOptions = {},
): Promise<BothPorts> {
  const hotshard = await startReady(owner, { ...options, args: ['--resp-port', '0', ...args] });
  return { hotshard, ...(await addressesOf(hotshard)) };
}

/** Where it serves, which may be by TLS. */
export async function addressesOf(hotshard: Hotshard): Promise<Omit<BothPorts, 'hotshard'>> {
  const { address, respAddress } = await hotshard.logged('hotshard serves on');
  return { url: String(address), port: Number(new URL(String(respAddress)).port) };
}

/** Runs a program to its end. Resolves with what it prints; rejects when it fails, or takes longer than a minute. */
export async function outputOf(command: string, args: readonly string[], input = ''): Promise<string> {
  const running = execute(...plain(command, args), { timeout: 60_000 });
  // One that reads nothing may have ended before its input does: what it printed is the result all the same.
  running.child.stdin?.on('error', () => {});
  running.child.stdin?.end(input);
  return (await running).stdout;
}
