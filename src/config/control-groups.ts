/**
 * The control groups by which Linux limits what this process, or the container it is in, may use. What isn't there, or can't
 * be read, limits nothing: other systems, and containers that hide these files.
 */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** Where Linux tells of control groups. Tests put other files there. */
export interface ControlGroupFiles {
  /** The file with the control groups of this process. */
  readonly membership: string;
  /** The folder at which version 2 of the control groups is mounted. */
  readonly unified: string;
  /** The folders at which the wanted controller of version 1 may be mounted. */
  readonly legacy: readonly string[];
}

/** What there is to know to read a limit. */
export interface LimitReader {
  /** Name of the controller in version 1. */
  readonly controller: string;
  /** The limit that a group's folder holds, by version; `Infinity` when it holds none. */
  readonly unified: (folder: string) => number;
  readonly legacy: (folder: string) => number;
}

/** Where the files are on every Linux. */
export function linuxFiles(...legacy: readonly string[]): ControlGroupFiles {
  return {
    membership: '/proc/self/cgroup',
    unified: '/sys/fs/cgroup',
    legacy: legacy.map((name) => posix.join('/sys/fs/cgroup', name)),
  };
}

/** The lowest limit on this process; `Infinity` when there is none. */
export function lowestLimit(files: ControlGroupFiles, { controller, unified, legacy }: LimitReader): number {
  const limits: number[] = [];
  for (const line of (readGroupFile(files.membership) ?? '0::/').split('\n')) {
    // hierarchy:controllers:path, where version 2 is hierarchy 0 without controllers
    const [, controllers, ...rest] = line.split(':');
    const group = rest.join(':');
    if (controllers === '') limits.push(...groupAndAncestors(files.unified, group).map(unified));
    else if (controllers?.split(',').includes(controller)) {
      limits.push(...files.legacy.flatMap((mount) => groupAndAncestors(mount, group)).map(legacy));
    }
  }
  return Math.min(Number.POSITIVE_INFINITY, ...limits);
}

/** What a file of a group says; undefined when there is no such file. */
export function readGroupFile(...path: readonly string[]): string | undefined {
  try {
    return readFileSync(posix.join(...path), 'utf8').trim();
  } catch {
    return undefined;
  }
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
