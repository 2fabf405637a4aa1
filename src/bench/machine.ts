/** Where and on what a benchmark ran: figures without that can't be compared with anything. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';

export interface Machine {
  readonly date: string;
  /** Of the source tree; `-dirty` when it has changes. "unknown" outside of a Git clone. */
  readonly commit: string;
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryGiB: number;
  /** Average number of running threads in the minute before: on a quiet machine, near 0. */
  readonly load: number;
}

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString(),
    commit: commit(),
    node: process.version,
    platform: `${os.platform()} ${os.release()} ${os.arch()}`,
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cpus: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    load: Number((os.loadavg()[0] ?? 0).toFixed(2)),
  };
}

function commit(): string {
  const cwd = join(import.meta.dirname, '../../..');
  // Where hotshard is installed, there may be a clone of something else around it.
  if (!existsSync(join(cwd, '.git'))) return 'unknown';
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=10'], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}
