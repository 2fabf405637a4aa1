/** Finds commands by their names where they lie, in whatever case, without making text of them. */
import type { Arguments } from './arguments.js';
import type { Command } from './command.js';

/** Buckets of the table; a power of two, several times the number of commands. */
const BUCKETS = 1024;

/** What a command does with the values of keys, as far as its flags say. */
export enum CommandKind {
  READ,
  WRITE,
  OTHER,
}

/** What is known of a command beside what it says itself. */
export interface KnownCommand extends Command {
  /** As errors and lists name it: `get`, `client|list`. */
  readonly fullName: string;
  /** Its row in the statistics, from 0. */
  readonly index: number;
  /** The flags that are asked for with every call. */
  readonly kind: CommandKind;
  readonly isOpen: boolean;
  readonly isImmediate: boolean;
  readonly subcommands?: readonly KnownCommand[];
}

export class CommandLookup {
  /** All of them, subcommands behind theirs, by index. */
  readonly all: readonly KnownCommand[];
  /** Those that are no subcommands, in the order they were given in. */
  readonly topLevel: readonly KnownCommand[];
  readonly #buckets: (readonly KnownCommand[] | undefined)[] = new Array(BUCKETS).fill(undefined);
  readonly #byFullName: ReadonlyMap<string, KnownCommand>;

  constructor(commands: readonly Command[]) {
    const all: KnownCommand[] = [];
    let next = 0;
    const known = ({ subcommands, ...command }: Command, prefix: string): KnownCommand => {
      const fullName = prefix + command.name;
      const index = next++;
      all[index] = {
        ...command,
        fullName,
        index,
        kind: kindOf(command),
        isOpen: command.flags.includes('no_auth'),
        isImmediate: command.flags.includes('immediate'),
        ...(subcommands === undefined
          ? {}
          : { subcommands: subcommands.map((sub) => known(sub, `${fullName}|`)) }),
      };
      return all[index];
    };
    this.topLevel = commands.map((command) => known(command, ''));
    this.all = all;
    this.#byFullName = new Map(all.map((command) => [command.fullName, command]));
    for (const command of this.topLevel) {
      const bucket = hashOfName(Buffer.from(command.name), 0, command.name.length);
      this.#buckets[bucket] = [...(this.#buckets[bucket] ?? []), command];
    }
  }

  /** The command of the first word, or the subcommand of the first two if there is one; undefined: it is unknown. */
  find(args: Arguments): KnownCommand | undefined {
    const bucket = this.#buckets[hashOfName(args.bytes, args.start(0), args.end(0))];
    const command = bucket === undefined ? undefined : among(bucket, args, 0);
    if (command?.subcommands === undefined || args.count < 2) return command;
    return among(command.subcommands, args, 1) ?? command;
  }

  /** The command of this name, `client|list` for a subcommand, in whatever case. */
  named(name: string): KnownCommand | undefined {
    return this.#byFullName.get(name.toLowerCase());
  }
}

function kindOf({ flags }: Command): CommandKind {
  if (flags.includes('write')) return CommandKind.WRITE;
  return flags.includes('readonly') ? CommandKind.READ : CommandKind.OTHER;
}

function among(commands: readonly KnownCommand[], args: Arguments, index: number): KnownCommand | undefined {
  for (const command of commands) if (args.is(index, command.name)) return command;
  return undefined;
}

/** Of letters in whatever case. */
function hashOfName(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = (hash * 31 + (bytes[at] | 0x20)) | 0;
  return hash & (BUCKETS - 1);
}
