/**
 * How many threads are worth starting: what the machine offers, or less where a container's CPU limit (a Linux
 * control group quota) allows less. Node 20 doesn't look at that limit at all, and a server with a thread per
 * core of a large machine inside a small container spends its time being throttled.
 */
import os from 'node:os';
import { type ControlGroupFiles, linuxFiles, lowestLimit, readGroupFile } from './control-groups.js';

/** In CPUs. */
const CPU_LIMIT = { controller: 'cpu', unified: unifiedLimit, legacy: legacyLimit };

/**
 * Threads worth starting, at least 1: `parallelism`, or the CPU limit rounded up where that is lower. (Down
 * would leave part of a limit such as 1.5 unused.)
 *
 * @param parallelism what the machine offers
 * @param files where the limit is read; what isn't there, or not readable, limits nothing
 */
export function effectiveParallelism(
  parallelism: number = os.availableParallelism(),
  files: ControlGroupFiles = linuxFiles('cpu', 'cpu,cpuacct'),
): number {
  return Math.max(1, Math.min(parallelism, Math.ceil(lowestLimit(files, CPU_LIMIT))));
}

/** Version 2: `cpu.max` is "quota period" or "max period", both in microseconds. */
function unifiedLimit(folder: string): number {
  const [quota, period] = (readGroupFile(folder, 'cpu.max') ?? '').split(/\s+/);
  return ratio(quota, period);
}

/** Version 1: quota and period have a file each, in microseconds; a quota of -1 is none. */
function legacyLimit(folder: string): number {
  return ratio(readGroupFile(folder, 'cpu.cfs_quota_us'), readGroupFile(folder, 'cpu.cfs_period_us'));
}

function ratio(quota: string | undefined, period: string | undefined): number {
  const limit = Number(quota) / Number(period);
  return limit > 0 ? limit : Number.POSITIVE_INFINITY;
}
