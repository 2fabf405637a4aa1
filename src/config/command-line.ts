/**
 * From the words of a command line to the command that is meant, with its flags and arguments.
 *
 * yargs finds the command, splits flags from arguments and writes the help, no more. It reads every flag as a
 * string, because its own guesses at types turn a mistyped port into NaN and the key `0x10` into 16. Arguments
 * such as KEY are taken from what it left over (`_`): as declared arguments they would go through its parser a
 * second time, which turns `-` into an empty string and drops those after `--`.
 */
import yargs, { type Argv, type Options as FlagOptions } from 'yargs';
import { z } from 'zod';
import { quote, UsageError } from './errors.js';
import { maskSecrets } from './redis-address.js';

export type { FlagOptions };

const HELP_WIDTH = 110;

const foundByYargs = z.looseObject({
  _: z.array(z.string()),
  help: z.boolean().optional(),
  version: z.boolean().optional(),
});

/** One command of the program. */
export interface Command {
  readonly name: string;
  /** Whether it is the one that is meant when none is named. */
  readonly isDefault?: boolean;
  readonly description: string;
  /** Names of the arguments after the command's, all of them required. */
  readonly positionals: readonly string[];
  /**
   * By long name. Every flag takes a value unless it is said to be `boolean`, or
   * may do without one (`requiresArg: false`: then it is empty), and the last one given counts.
   */
  readonly flags: Readonly<Record<string, FlagOptions>>;
  /** Pairs of a command line (`$0` is the program) and what it does. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** What may stand after `--`, of which the command makes what it likes. Absent: arguments. */
  readonly rest?: string;
  /**
   * @param flags the flags given, by long name: strings, `true` for those without a value
   * @param positionals exactly as given, as many as declared
   * @param rest what stood after `--`, exactly as given, of a command that takes it
   */
  run(
    flags: Readonly<Record<string, unknown>>,
    positionals: readonly string[],
    rest: readonly string[],
  ): Promise<void>;
}

/** What a command line asks for. */
export type Choice =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'command'; readonly run: () => Promise<void> };

/**
 * Finds what a command line asks for. No command runs in here, so that a failing command is never taken for a
 * command line that can't be understood.
 *
 * @param args without the program
 * @throws {UsageError} for unknown flags and commands, flags without a value, missing and surplus arguments
 */
export function chooseCommand(commands: readonly Command[], args: readonly string[]): Choice {
  refuseReservedFlags(args);
  let choice: Choice | undefined;
  const parser = argumentParser(args);
  for (const command of commands) {
    parser.command(
      command.isDefault === true ? [command.name, '$0'] : command.name,
      command.description,
      (builder: Argv) => describe(builder, command),
      (parsed: unknown) => {
        const { help, version, _: words, ...flags } = foundByYargs.parse(parsed);
        if (help === true) {
          parser.showHelp((text) => {
            choice = { kind: 'help', text };
          });
        } else if (version === true) {
          choice = { kind: 'version' };
        } else {
          checkFlags(command, Object.keys(flags));
          const rest = command.rest === undefined ? [] : afterDashes(args);
          const positionals = checkedPositionals(
            commands,
            command,
            words.slice(0, words.length - rest.length),
          );
          choice = { kind: 'command', run: () => command.run(flags, positionals, rest) };
        }
      },
    );
    // The overview shows an example of every command; the default one adds its own.
    const [example] = command.examples;
    if (command.isDefault !== true && example !== undefined) parser.example(...example);
  }

  try {
    parser.parse();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'YError') throw error;
    // yargs names a one-letter flag without its dash, and our text for this error gives every name two.
    throw new UsageError(error.message.replace(/^--(?=. )/, '-'));
  }
  if (choice === undefined) throw new UsageError('there is no command to run; see hotshard --help');
  return choice;
}

/** yargs has them as the last of the arguments. */
function afterDashes(args: readonly string[]): readonly string[] {
  const dashes = args.indexOf('--');
  return dashes === -1 ? [] : args.slice(dashes + 1);
}

/**
 * yargs keeps what it found, and looks up what it knows, in plain objects: it fails in unreadable ways over
 * flags that are called like a member of those.
 */
const RESERVED_FLAGS: ReadonlySet<string> = new Set([
  '_',
  '$0',
  ...Object.getOwnPropertyNames(Object.prototype),
]);

function refuseReservedFlags(args: readonly string[]): void {
  for (const arg of args) {
    if (arg === '--') return;
    const name = /^--?([^=]+)/.exec(arg)?.[1] ?? '';
    // A group of one-letter flags may have the reserved letter in it.
    if (RESERVED_FLAGS.has(name) || /^-[a-z]+_/.test(arg)) throw new UsageError(`unknown flag ${quote(arg)}`);
  }
}

function argumentParser(args: readonly string[]): Argv {
  return (
    yargs(args)
      .scriptName('hotshard')
      .detectLocale(false)
      .updateStrings({ 'Not enough arguments following: %s': '--%s needs a value' })
      .parserConfiguration({
        'boolean-negation': false,
        'camel-case-expansion': false,
        'dot-notation': false,
        'duplicate-arguments-array': false,
        'parse-numbers': false,
        'parse-positional-numbers': false,
        'strip-aliased': true,
      })
      // As yargs' own, help would also answer to the word "help" at the end, which may be a key or a value.
      .help(false)
      .version(false)
      .option('help', { alias: 'h', type: 'boolean', describe: 'Show help; each command has its own' })
      .option('version', { type: 'boolean', describe: 'Show the version' })
      .wrap(Math.min(HELP_WIDTH, process.stdout.columns ?? HELP_WIDTH))
      .exitProcess(false)
      .fail(false)
  );
}

function describe(builder: Argv, command: Command): Argv {
  const name = command.isDefault === true ? `[${command.name}]` : command.name;
  const rest = command.rest === undefined ? [] : [`[-- ${command.rest}]`];
  builder.usage([`$0 ${name} [flags]`, ...command.positionals, ...rest].join(' '));
  for (const [flag, option] of Object.entries(command.flags)) {
    builder.option(
      flag,
      option.type === 'boolean' ? option : { requiresArg: true, ...option, type: 'string' },
    );
  }
  for (const example of command.examples) builder.example(...example);
  return builder;
}

/** yargs' own check (`strict`) can't be used: it would take a KEY for an unknown argument. */
function checkFlags(command: Command, found: readonly string[]): void {
  const unknown = found.find((flag) => flag !== '$0' && !Object.hasOwn(command.flags, flag));
  if (unknown === undefined) return;
  const flag = unknown.length === 1 ? `-${unknown}` : `--${unknown}`;
  const hint =
    command.positionals.length === 0 ? '' : ' (-- goes before a KEY or VALUE that begins with a dash)';
  throw new UsageError(`unknown flag ${flag}${hint}; see hotshard ${command.name} --help`);
}

/** The arguments after the command's name, exactly as given. */
function checkedPositionals(
  commands: readonly Command[],
  command: Command,
  words: readonly string[],
): readonly string[] {
  const [first, ...rest] = words;
  if (first !== undefined && first !== command.name) {
    const names = commands.map(({ name }) => name).join(', ');
    throw new UsageError(`unknown command ${quote(maskSecrets(first))}: must be one of ${names}`);
  }
  const missing = command.positionals[rest.length];
  if (missing !== undefined) {
    throw new UsageError(`${missing} is missing; see hotshard ${command.name} --help`);
  }
  const surplus = rest[command.positionals.length];
  if (surplus !== undefined) {
    throw new UsageError(
      `unexpected argument ${quote(maskSecrets(surplus))}; see hotshard ${command.name} --help`,
    );
  }
  return rest;
}
