/**
 * The command line: which commands there are, what their flags are called, and what a failure looks like. What
 * the commands do is elsewhere.
 */
import type { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { z } from 'zod';
import { BENCH_FLAGS, parseOptions as parseBenchOptions } from '../src/bench/standard/options.js';
import { CacheClient, ClientError, parseServerUrl, SERVER_URL_FORMAT } from '../src/client.js';
import { type Command, chooseCommand, type FlagOptions } from '../src/config/command-line.js';
import { badValue, messageOf, quote, UsageError } from '../src/config/errors.js';
import { type Flags, loadOption } from '../src/config/load.js';
import type { Option } from '../src/config/option.js';
import { OPTIONS } from '../src/config/options.js';
import { maskSecrets } from '../src/config/redis-address.js';
import { DURATION_FORMAT, parseDuration } from '../src/config/units.js';
import { HOT_DEFAULT, HOT_LEAST, HOT_MOST } from '../src/telemetry/hot-keys.js';
import { CommandFailure, print, type Surroundings } from './output.js';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

const DEFAULT_URL = 'http://127.0.0.1:3000';

const tokenFlag: FlagOptions = {
  describe: `token that the server asks for [${variablesOf(OPTIONS.authToken)}]`,
  defaultDescription: 'none',
};
const clientFlags: Readonly<Record<string, FlagOptions>> = {
  url: { describe: 'server to talk to', defaultDescription: DEFAULT_URL },
  'auth-token': tokenFlag,
};
const ttlFlag: FlagOptions = {
  describe: 'time to live: 250ms, 10s, 5m, 1h, 1d; a bare number is seconds, 0 = none',
  defaultDescription: "the server's",
};

const hotFlag: FlagOptions = {
  describe: `instead, the keys that are accessed most, ${HOT_LEAST} to ${HOT_MOST} of them; the first time it takes a second`,
  defaultDescription: String(HOT_DEFAULT),
  requiresArg: false,
};

/** What `--hot` prints of the counters. */
const hotPart = z.object({ hot: z.unknown().array(), hotSampling: z.unknown() });

/** The commands, for a program that reads and writes there. */
function commandsIn(surroundings: Surroundings): readonly Command[] {
  const { env, stdout } = surroundings;
  return [
    {
      name: 'serve',
      isDefault: true,
      description: 'Start the server',
      positionals: [],
      flags: serverFlags(),
      examples: [
        ['$0', 'serve on http://127.0.0.1:3000'],
        ['$0 --port 8080 --max-memory 1gb --ttl 10m', 'another port, more memory, values live 10 minutes'],
        ['HOTSHARD_PORT=8080 $0', 'the same flags by environment'],
      ],
      // Loaded only now: the other commands start faster without it.
      run: async (flags) => (await import('./serve.js')).serveCommand(flags, env),
    },
    {
      name: 'check',
      description: 'Print the configuration that serve would have, and check it, without serving',
      positionals: [],
      flags: serverFlags(),
      examples: [['$0 check --config hotshard.json', 'what counts, and where it comes from']],
      run: async (flags) => (await import('./serve.js')).checkCommand(flags, surroundings),
    },
    {
      name: 'get',
      description: 'Print the value of KEY; exit code 1 when it has none',
      positionals: ['KEY'],
      flags: clientFlags,
      examples: [
        ['$0 get user:1', 'print a value'],
        ['$0 get -- --weird', 'a key that begins with a dash'],
      ],
      async run(flags, [key = '']) {
        const value = await client(flags, env).get(key);
        if (value === undefined) throw noValue(key);
        await print(stdout, value);
        if (stdout.isTTY === true) await print(stdout, '\n');
      },
    },
    {
      name: 'set',
      description: 'Store VALUE under KEY; the VALUE - is read from standard input',
      positionals: ['KEY', 'VALUE'],
      flags: { ttl: ttlFlag, ...clientFlags },
      examples: [
        ['$0 set user:1 Ada --ttl 10m', 'store a value for 10 minutes'],
        ['$0 set logo - < logo.png', 'store a file'],
      ],
      async run(flags, [key = '', value = '']) {
        const target = client(flags, env);
        const ttl = duration('--ttl', flags.ttl);
        await target.set(key, value === '-' ? await wholeOf(surroundings.stdin) : Buffer.from(value), ttl);
      },
    },
    {
      name: 'del',
      description: 'Remove KEY; exit code 1 when it was not there',
      positionals: ['KEY'],
      flags: clientFlags,
      examples: [['$0 del user:1', 'remove a value']],
      async run(flags, [key = '']) {
        if (!(await client(flags, env).delete(key))) throw noValue(key);
      },
    },
    {
      name: 'stats',
      description: "Print the server's counters as JSON",
      positionals: [],
      flags: { hot: hotFlag, ...clientFlags },
      examples: [
        ['$0 stats --url http://10.0.0.5:3000', 'counters of another machine'],
        ['$0 stats --hot 10', 'the 10 keys that are accessed most'],
      ],
      async run(flags) {
        const most = hotCount(flags.hot);
        const stats = await client(flags, env).stats(most);
        await print(stdout, `${JSON.stringify(most === undefined ? stats : hotPartOf(stats), null, 2)}\n`);
      },
    },
    {
      name: 'bench',
      description: 'Measure throughput and latency, of a server that is started for it or of a running one',
      positionals: [],
      flags: { ...BENCH_FLAGS, 'auth-token': tokenFlag },
      rest: 'SERVER FLAGS',
      examples: [
        ['$0 bench', 'measure a server with one worker, about a minute'],
        ['$0 bench --connections 256 -- --workers 4', 'flags after -- are for the server that is started'],
        ['$0 bench --url http://10.0.0.5:3000', 'measure a running server; writes the keys key:0, key:1, …'],
      ],
      run: (flags, _, rest) => benchCommand(flags, rest, env),
    },
  ];
}

/** The table of options as yargs wants it. Defaults are only shown: a flag that was not given must stay absent. */
function serverFlags(): Record<string, FlagOptions> {
  const entries = Object.values(OPTIONS).map((option): [string, FlagOptions] => {
    return [
      option.flag,
      {
        describe: `${option.description} [${variablesOf(option)}]`,
        defaultDescription: option.default === '' ? 'none' : option.default,
        ...(option.alias === undefined ? {} : { alias: option.alias }),
      },
    ];
  });
  return Object.fromEntries(entries);
}

function variablesOf({ environment }: Pick<Option<unknown>, 'environment'>): string {
  return environment.map(({ name }) => name).join(', ');
}

/** Loads the benchmark only now, and says what is wrong with the flags before. */
async function benchCommand(
  flags: Flags,
  serverFlags: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const options = parseBenchOptions(flags, serverFlags, authToken(flags, environment));
  const { BenchFailure, runBench } = await import('../src/bench/bench.js');
  try {
    await runBench(options);
  } catch (error) {
    if (error instanceof BenchFailure) throw new CommandFailure(error.message, { cause: error });
    throw error;
  }
}

function client(flags: Flags, environment: NodeJS.ProcessEnv): CacheClient {
  const text = typeof flags.url === 'string' ? flags.url : DEFAULT_URL;
  const url = parseServerUrl(text);
  if (url === undefined) throw badValue('--url', maskSecrets(text), SERVER_URL_FORMAT);
  return new CacheClient(url, { authToken: authToken(flags, environment) });
}

function authToken(flags: Flags, environment: NodeJS.ProcessEnv): string | undefined {
  return loadOption(OPTIONS.authToken, flags, environment);
}

/** Milliseconds of a flag that may be absent. */
function duration(flag: string, text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined;
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) throw badValue(flag, text, DURATION_FORMAT);
  return milliseconds;
}

/** How many keys `--hot` asks for; undefined: it was not given. */
function hotCount(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined;
  const count = text === '' ? HOT_DEFAULT : Number(text);
  if (/^\d*$/.test(text) && count >= HOT_LEAST && count <= HOT_MOST) return count;
  throw badValue('--hot', text, `a number of keys, ${HOT_LEAST} to ${HOT_MOST}`);
}

/** @throws {CommandFailure} when the server has sent none */
function hotPartOf(stats: unknown): unknown {
  const part = hotPart.safeParse(stats);
  if (part.success) return part.data;
  throw new CommandFailure('the server tells of no hot keys: it is older than this program');
}

function noValue(key: string): CommandFailure {
  return new CommandFailure(`no value found for key ${quote(key)}`);
}

/** @throws {CommandFailure} when it can't be read, such as a directory */
async function wholeOf(stdin: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stdin) chunks.push(chunk);
  } catch (error) {
    throw new CommandFailure(`standard input can't be read: ${messageOf(error)}`, { cause: error });
  }
  return Buffer.concat(chunks);
}

/** Loaded only now: the other commands start faster without it. */
async function version(): Promise<string> {
  return (await import('../src/telemetry/stats.js')).VERSION;
}

/**
 * Runs what a command line asks for, and resolves with the exit code when that is done. For a server that is when it serves, or
 * is already told to stop: it ends the process by itself. A failure is told on standard error before. A server that failed to
 * start may have left something open that keeps the process alive.
 *
 * @param args without the program
 */
export async function runProgram(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr } = surroundings;
  try {
    const choice = chooseCommand(commandsIn(surroundings), args);
    if (choice.kind === 'command') await choice.run();
    else await print(stdout, `${choice.kind === 'help' ? choice.text : await version()}\n`);
    return 0;
  } catch (error) {
    const isExpected =
      error instanceof UsageError || error instanceof CommandFailure || error instanceof ClientError;
    stderr.write(`${isExpected ? `hotshard: ${error.message}` : inspect(error)}\n`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
  }
}
