/**
 * Processes of a benchmark, each on the core it is meant for: the server has one for itself, the load and what stands
 * behind the server share the other. Only where there are two cores and `taskset`; otherwise the system decides.
 */
import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import os from 'node:os';

/** By their numbers, for taskset. `rest`: all but the load's, for servers that can use several; `both`: server and load beside each other. */
const CORES = {
  server: '0',
  load: '1',
  both: '0,1',
  rest: os.cpus().length > 2 ? `0,2-${os.cpus().length - 1}` : '0',
} as const;

/** Milliseconds until a process that does not end when asked is killed. */
const PATIENCE = 5_000;

/** USER_HZ, in microseconds: Linux has the same on all architectures that Node.js runs on. */
const TICK = 10_000;

/** Whether processes are bound to their cores. */
export const isPinned =
  Number(spawnSync('taskset', ['-c', '0,1', 'nproc'], { encoding: 'utf8' }).stdout) === 2;

export interface Start {
  /** `any`: wherever the system puts it. */
  readonly core: keyof typeof CORES | 'any';
  readonly command: string;
  readonly args: readonly string[];
  readonly stdio: StdioOptions;
  readonly environment?: Readonly<Record<string, string>>;
}

const running = new Set<ChildProcess>();

// Whatever way the benchmark ends, nothing of it stays.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(128 + os.constants.signals[signal]));
}

export function startProcess({ core, command, args, stdio, environment }: Start): ChildProcess {
  const [program, ...words] =
    isPinned && core !== 'any' ? ['taskset', '-c', CORES[core], command, ...args] : [command, ...args];
  const child = spawn(program, words, { stdio, env: { ...process.env, ...environment } });
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

/** Asks it to end, and has it killed when it does not. Resolves when it is gone. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (!running.has(child)) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const impatient = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  await gone;
  clearTimeout(impatient);
}

/** User and system time of all threads of a process, in microseconds; undefined where there is no `/proc`. */
export function cpuTimeOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may have blanks. What follows it begins with field 3; 14 and 15 are the times.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK;
  } catch {
    return undefined;
  }
}

/** Resident memory of a process, in bytes; undefined where there is no `/proc`. */
export function residentMemoryOf(pid: number): number | undefined {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}
