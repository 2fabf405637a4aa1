/** The metrics that any Node.js process has, under the names that Prometheus's client libraries give them. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Sample } from './exposition.js';
import type { ProcessState } from './process-state.js';

const DESCRIPTORS = '/proc/self/fd';
const LIMITS = '/proc/self/limits';

export const PROCESS_METRICS = [
  {
    name: 'process_cpu_user_seconds_total',
    type: 'counter',
    help: 'CPU time of all threads in user mode.',
    read: (): number => process.cpuUsage().user / 1e6,
  },
  {
    name: 'process_cpu_system_seconds_total',
    type: 'counter',
    help: 'CPU time of all threads in the kernel.',
    read: (): number => process.cpuUsage().system / 1e6,
  },
  {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'CPU time of all threads.',
    read: (): number => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  },
  {
    name: 'process_start_time_seconds',
    type: 'gauge',
    help: 'When the process began, in seconds since the epoch.',
    // To the last digit the same whichever worker answers: programs take every change for a new process.
    read: ({ state }: { readonly state: Pick<ProcessState, 'startedAt'> }): number => state.startedAt / 1000,
  },
  {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'Resident memory, shared map included.',
    read: (): number => process.memoryUsage.rss(),
  },
  {
    name: 'process_open_fds',
    type: 'gauge',
    help: 'Open file descriptors. On Linux alone.',
    read: (): readonly Sample[] => present(openDescriptors),
  },
  {
    name: 'process_max_fds',
    type: 'gauge',
    help: 'File descriptors that may be open. On Linux alone.',
    read: (): readonly Sample[] => present(mostDescriptors),
  },
  {
    name: 'nodejs_version_info',
    type: 'gauge',
    help: 'Always 1; the labels are the version of Node.js.',
    read: (): readonly Sample[] => {
      const [major = '', minor = '', patch = ''] = process.versions.node.split('.');
      return [{ labels: { version: process.version, major, minor, patch }, value: 1 }];
    },
  },
] as const;

/** No sample where it can't be told. */
function present(read: () => number): readonly Sample[] {
  try {
    return [{ value: read() }];
  } catch {
    return [];
  }
}

/** Without the one by which they are listed. */
function openDescriptors(): number {
  return readdirSync(DESCRIPTORS).length - 1;
}

function mostDescriptors(): number {
  const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync(LIMITS, 'utf8')) ?? [];
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
