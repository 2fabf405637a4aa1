/**
 * How many threads are worth starting: what the machine offers, or less where a container's CPU limit (a Linux
 * control group quota) allows less. Node 20 doesn't look at that limit at all, and a server with a thread per
 * core of a large machine inside a small container spends its time being throttled.
 */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { posix } from 'node:path';

/** Where Linux says what CPU time this process may use. Tests put other files there. */
export interface CpuLimitFiles {
  /** The file with the control groups of this process. */
  readonly membership: string;
  /** The folder at which version 2 of the control groups is mounted. */
  readonly unified: string;
  /** The folders at which the `cpu` controller of version 1 may be mounted. */
  readonly legacy: readonly string[];
}

const LINUX: CpuLimitFiles = {
  membership: '/proc/self/cgroup',
  unified: '/sys/fs/cgroup',
  legacy: ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct'],
};

/**
 * Threads worth starting, at least 1: `parallelism`, or the CPU limit rounded up where that is lower. (Down
 * would leave part of a limit such as 1.5 unused.)
 *
 * @param parallelism what the machine offers
 * @param files where the limit is read; what isn't there, or not readable, limits nothing
 */
export function effectiveParallelism(
  parallelism: number = os.availableParallelism(),
  files: CpuLimitFiles = LINUX,
): number {
  return Math.max(1, Math.min(parallelism, Math.ceil(cpuLimit(files))));
}

/** The lowest limit on this process, in CPUs; `Infinity` when there is none. */
function cpuLimit(files: CpuLimitFiles): number {
  const limits: number[] = [];
  for (const line of (read(files.membership) ?? '0::/').split('\n')) {
    // hierarchy:controllers:path, where version 2 is hierarchy 0 without controllers
    const [, controllers, ...rest] = line.split(':');
    const group = rest.join(':');
    if (controllers === '') {
      for (const folder of groupAndAncestors(files.unified, group)) limits.push(unifiedLimit(folder));
    } else if (controllers?.split(',').includes('cpu')) {
      for (const mount of files.legacy) {
        for (const folder of groupAndAncestors(mount, group)) limits.push(legacyLimit(folder));
      }
    }
  }
  return Math.min(Number.POSITIVE_INFINITY, ...limits);
}

/**
 * The folders of a group and of all groups it is in, each of which may limit it. Inside a container the path
 * may be that of the host, while only the mount point itself can be seen: folders that aren't there are no
 * error.
 */
function groupAndAncestors(mount: string, group: string): string[] {
  const folders: string[] = [];
  // resolve() also takes care of the ".." that a group outside the process's namespace is shown with
  for (let path = posix.resolve('/', group); path !== '/'; path = posix.dirname(path)) {
    folders.push(posix.join(mount, path));
  }
  folders.push(mount);
  return folders;
}

/** Version 2: `cpu.max` is "quota period" or "max period", both in microseconds. */
function unifiedLimit(folder: string): number {
  const [quota, period] = (read(posix.join(folder, 'cpu.max')) ?? '').trim().split(/\s+/);
  return ratio(quota, period);
}

/** Version 1: quota and period have a file each, in microseconds; a quota of -1 is none. */
function legacyLimit(folder: string): number {
  return ratio(
    read(posix.join(folder, 'cpu.cfs_quota_us'))?.trim(),
    read(posix.join(folder, 'cpu.cfs_period_us'))?.trim(),
  );
}

function ratio(quota: string | undefined, period: string | undefined): number {
  const limit = Number(quota) / Number(period);
  return limit > 0 ? limit : Number.POSITIVE_INFINITY;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Other systems, and containers that hide these files: nothing is known, so nothing limits.
    return undefined;
  }
}
