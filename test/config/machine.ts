/** A machine's control groups, played by a folder. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import type { ControlGroupFiles } from '../../src/config/control-groups.js';

/** Writes the files of a machine's control groups and says where they are. Version 1 is in folders named by controllers. */
export function machine(
  t: Test,
  files: Readonly<Record<string, string>>,
  legacy: readonly string[] = ['cpu', 'cpu,cpuacct'],
): ControlGroupFiles {
  const root = t.testdir({});
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return {
    membership: join(root, 'membership'),
    unified: join(root, 'unified'),
    legacy: legacy.map((folder) => join(root, folder)),
  };
}
