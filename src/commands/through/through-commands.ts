/**
 * All commands over data, for keys that are those of a store behind the map: the same as for keys in the map itself, but
 * for what runs them. Those without keys are about the map, as they are there.
 */
import type { ThroughCache } from '../../store/tiered.js';
import type { Command, Run } from '../command.js';
import { dataCommands } from '../data-commands.js';
import { withCheckedKeys } from '../key-check.js';
import type { Keyspace } from '../keyspace.js';
import { askRun, readRuns } from './reads.js';
import type { StoreTasks } from './store-task.js';
import { changeRun, deleteRun, modifyRun, setExRun, setRun } from './writes.js';

export function throughCommands(keyspace: Keyspace, cache: ThroughCache, tasks: StoreTasks): Command[] {
  const reads = readRuns(cache);
  const parts = { keyspace, cache, tasks };
  const runOf = (command: Command): Run => {
    const { name, flags, keys, run } = command;
    // It has always asked the cache for what the map does not know.
    if (name === 'get') return run;
    if (Object.hasOwn(reads, name)) return reads[name];
    if (flags.includes('readonly')) return askRun(cache, tasks, command);
    if (name === 'del' || name === 'unlink') return deleteRun(parts);
    if (name === 'set') return setRun(parts, command);
    if (name === 'setex' || name === 'psetex') return setExRun(parts, command);
    return keys?.last === 1 ? modifyRun(parts, command) : changeRun(parts, command);
  };
  return dataCommands(keyspace).map((command) =>
    command.keys === undefined ? command : withCheckedKeys({ ...command, run: runOf(command) }),
  );
}
