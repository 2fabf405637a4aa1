/** How the words of a command line are understood: what is a flag, what is an argument, and what is neither. */
import { type Test, test } from 'tap';
import { type Command, chooseCommand } from '../../src/config/command-line.js';
import { UsageError } from '../../src/config/errors.js';

interface Understood {
  readonly name: string;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

/** What a program with the commands `serve` (the default one) and `set KEY VALUE` makes of these words. */
async function understood(args: readonly string[]): Promise<Understood> {
  const runs: Understood[] = [];
  const command = (name: string, positionals: readonly string[], flags: Command['flags']): Command => ({
    name,
    isDefault: name === 'serve',
    description: `describes ${name}`,
    positionals,
    flags,
    examples: [[`$0 ${name} example`, `shows ${name}`]],
    async run({ $0: _program, ...given }, words) {
      runs.push({ name, flags: given, positionals: words });
    },
  });
  const commands = [
    command('serve', [], { port: { alias: 'p' }, host: {}, 'max-keys': { alias: 'k' } }),
    command('set', ['KEY', 'VALUE'], { ttl: {}, url: {} }),
  ];
  const choice = chooseCommand(commands, args);
  if (choice.kind !== 'command') return { name: choice.kind, flags: {}, positionals: [] };
  await choice.run();
  const [run] = runs;
  if (run === undefined) throw new Error('nothing ran');
  return run;
}

async function refused(t: Test, args: readonly string[], message: RegExp): Promise<void> {
  const error = await understood(args).catch((reason: unknown) => reason);
  t.ok(error instanceof UsageError, `${args.join(' ')}: ${error}`);
  t.match(error, { message }, args.join(' '));
}

test('flags are strings, exactly as given', async (t) => {
  const lines: readonly [args: string[], flags: Record<string, string>][] = [
    [[], {}],
    [['serve'], {}],
    [['--port', '80'], { port: '80' }],
    [['--port=80'], { port: '80' }],
    [['serve', '-p', '80'], { port: '80' }],
    [['-p80'], { port: '80' }],
    [['-p=80'], { port: '80' }],
    [['--port', '0x10', '--host', '1e3'], { port: '0x10', host: '1e3' }],
    [['--port', 'true'], { port: 'true' }],
    [['--port', ''], { port: '' }],
    [['--port='], { port: '' }],
    [['--port=a=b'], { port: 'a=b' }],
    [['--port', '-5'], { port: '-5' }],
    [['--port', '-5s'], { port: '-5s' }],
    [['--port=-5s'], { port: '-5s' }],
    [['-k', '-5'], { 'max-keys': '-5' }],
    [['--host', '"a"'], { host: '"a"' }],
  ];
  for (const [args, flags] of lines) {
    t.strictSame(await understood(args), { name: 'serve', flags, positionals: [] }, args.join(' '));
  }
});

test('the last one of a repeated flag counts', async (t) => {
  for (const args of [
    ['--port', '1', '--port', '2'],
    ['--port', '1', '-p', '2'],
    ['-p', '1', '--port', '2'],
  ]) {
    t.strictSame((await understood(args)).flags, { port: '2' }, args.join(' '));
  }
});

test('arguments are exactly as given', async (t) => {
  const words: readonly string[] = [
    '0x10',
    '1e3',
    '007',
    '-5',
    '-',
    '',
    'true',
    'help',
    'version',
    'set',
    'serve',
  ];
  for (const word of [...words, '__proto__', '"q"', "'q'", 'a=b', 'a b', 'x\ny', '$0', '_']) {
    t.strictSame((await understood(['set', word, word])).positionals, [word, word], JSON.stringify(word));
  }
});

test('after -- everything is an argument', async (t) => {
  for (const word of [
    '--weird',
    '--url',
    '--help',
    '-h',
    '--version',
    '-abc',
    '--',
    '-5',
    '-',
    '--_',
    '--$0',
  ]) {
    const { flags, positionals } = await understood(['set', '--url', 'u', '--', word, word]);
    t.strictSame({ flags, positionals }, { flags: { url: 'u' }, positionals: [word, word] }, word);
  }
});

test('flags may stand before, between and after the arguments', async (t) => {
  for (const args of [
    ['--ttl', '5', 'set', 'k', 'v'],
    ['set', '--ttl', '5', 'k', 'v'],
    ['set', 'k', '--ttl', '5', 'v'],
    ['set', 'k', 'v', '--ttl', '5'],
  ]) {
    t.strictSame(await understood(args), { name: 'set', flags: { ttl: '5' }, positionals: ['k', 'v'] });
  }
});

test('--help and --version are understood with every command', async (t) => {
  for (const args of [
    ['--help'],
    ['-h'],
    ['serve', '--help'],
    ['set', '-h'],
    ['--help', 'set'],
    ['--port', '1', '-h'],
  ]) {
    t.equal((await understood(args)).name, 'help', args.join(' '));
  }
  for (const args of [['--version'], ['set', '--version']]) {
    t.equal((await understood(args)).name, 'version', args.join(' '));
  }
});

test('unknown flags are refused by name', async (t) => {
  await refused(t, ['--bogus'], /unknown flag --bogus/);
  await refused(t, ['--bogus', '1'], /unknown flag --bogus/);
  await refused(t, ['--bogus=1'], /unknown flag --bogus/);
  await refused(t, ['-x'], /unknown flag -x/);
  await refused(t, ['--no-port'], /unknown flag --no-port/);
  await refused(t, ['--Port', '1'], /unknown flag --Port/);
  await refused(t, ['--port.x', '1'], /unknown flag --port\.x/);
  await refused(t, ['--maxKeys', '1'], /unknown flag --maxKeys/);
  await refused(t, ['--ttl', '1'], /unknown flag --ttl; see hotshard serve --help/);
  await refused(t, ['set', 'k', 'v', '--port', '1'], /unknown flag --port .*-- goes before a KEY/);
  await refused(t, ['set', 'k', '--weird'], /unknown flag --weird .*-- goes before a KEY/);
});

test('flags that are called like something inside yargs are unknown as well', async (t) => {
  for (const flag of ['--_', '-_', '--_=1', '--$0', '-p_', '--__proto__', '--constructor', '--toString=1']) {
    await refused(t, [flag, 'x'], /^unknown flag/);
  }
});

test('a flag without its value is refused by name', async (t) => {
  await refused(t, ['--port'], /--port needs a value/);
  await refused(t, ['-p'], /^-p needs a value/);
  await refused(t, ['--port', '--host', 'a'], /--port needs a value/);
  await refused(t, ['set', 'k', 'v', '--ttl'], /--ttl needs a value/);
});

test('unknown commands, surplus and missing arguments are refused by name', async (t) => {
  await refused(t, ['foo'], /unknown command "foo": must be one of serve, set/);
  await refused(t, ['help'], /unknown command "help"/);
  await refused(t, ['8080'], /unknown command "8080"/);
  await refused(t, ['serve', 'x'], /unexpected argument "x"/);
  await refused(t, ['serve', '--', 'x'], /unexpected argument "x"/);
  await refused(t, ['set', 'k', 'v', 'w'], /unexpected argument "w"/);
  await refused(t, ['redis://:hush@h'], /unknown command "redis:\/\/\*\*\*@h"/);
  await refused(t, ['serve', 'redis://:hush@h'], /unexpected argument "redis:\/\/\*\*\*@h"/);
  await refused(t, ['set'], /KEY is missing/);
  await refused(t, ['set', 'k'], /VALUE is missing/);
});
