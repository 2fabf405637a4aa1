/** What the command line says about itself, and about command lines that it can't use. */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { type Test, test } from 'tap';
import { OPTIONS } from '../../src/config/options.js';
import { plain } from '../plain.js';
import { hotshard, hotshardHere, PROGRAM, type RunOptions } from './fixtures/run.js';

/** A command line that can't be used ends with exit code 2 and one line on standard error. */
async function refused(
  t: Test,
  args: readonly string[],
  line: RegExp,
  { run = hotshardHere, ...options }: RunOptions & { run?: typeof hotshard } = {},
) {
  const { code, stdout, stderr } = await run(args, options);
  const name = args.join(' ');
  t.equal(code, 2, `${name}: exit code`);
  t.match(stderr, /^hotshard: [^\n]+\n$/, `${name}: one line`);
  t.match(stderr, line, `${name}: what it says`);
  t.equal(stdout.length, 0, `${name}: nothing on standard output`);
}

test('--help shows every flag with alias, default and variables, and every command', async (t) => {
  const { code, stdout, stderr } = await hotshard(['--help']);
  t.equal(code, 0);
  t.equal(stderr, '');
  const help = stdout.toString().replace(/\s+/g, ' ');
  for (const { flag, alias, environment, description, default: text } of Object.values(OPTIONS)) {
    const start = `${alias === undefined ? '' : `-${alias}, `}--${flag}`;
    const names = environment.map(({ name }) => name).join(', ');
    const line = `${start} ${description} [${names}] [string] [default: ${text || 'none'}]`;
    t.ok(help.includes(line), line);
  }
  for (const command of ['serve', 'check', 'get', 'set', 'del', 'stats', 'bench']) {
    t.match(help, `hotshard ${command}`, command);
  }
  t.match(help, /hotshard set user:1 Ada --ttl 10m/, 'an example');
});

test('each command has its own help', async (t) => {
  const commands: readonly [args: string[], usage: string][] = [
    [['serve', '--help'], 'hotshard [serve] [flags]'],
    [['check', '--help'], 'hotshard check [flags]'],
    [['get', '-h'], 'hotshard get [flags] KEY'],
    [['set', '--help'], 'hotshard set [flags] KEY VALUE'],
    [['del', '--help'], 'hotshard del [flags] KEY'],
    [['stats', '--help'], 'hotshard stats [flags]'],
    [['bench', '--help'], 'hotshard bench [flags] [-- SERVER FLAGS]'],
  ];
  for (const [args, usage] of commands) {
    const { code, stdout } = await hotshardHere(args);
    const help = stdout.toString();
    t.equal(code, 0, args.join(' '));
    t.ok(help.startsWith(`${usage}\n`), usage);
    t.match(help, /\nExamples:\n +hotshard/, 'with examples');
    if (args[0] !== 'serve' && args[0] !== 'check') {
      if (args[0] !== 'bench') t.match(help, /--url .*\[default: http:\/\/127\.0\.0\.1:3000\]/);
      t.notMatch(help, '--port', 'only its own flags');
    }
  }
});

test('--version prints the version of the package', async (t) => {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  for (const args of [['--version'], ['get', '--version']]) {
    const { code, stdout } = await hotshard(args);
    t.equal(code, 0);
    t.equal(stdout.toString(), `${manifest.version}\n`);
  }
});

test('output that there is no room for is said in one line', { skip: !existsSync('/dev/full') }, (t) => {
  const full = openSync('/dev/full', 'w');
  const [node, args] = plain(process.execPath, [PROGRAM, '--version']);
  const { status, stderr } = spawnSync(node, args, { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
  closeSync(full);
  t.equal(status, 1);
  t.match(stderr, /^hotshard: the output can't be written: ENOSPC[^\n]*\n$/);
  t.end();
});

test('help and messages are in English whatever the locale', async (t) => {
  const { stdout } = await hotshard(['--help'], {
    environment: { LC_ALL: 'de_DE.UTF-8', LANG: 'de_DE.UTF-8' },
  });
  t.match(stdout.toString(), 'Examples:');
});

test('a bad value is refused, and flag, value and what is allowed are named', async (t) => {
  await refused(t, ['--port', 'abc'], /bad value "abc" for --port: must be a whole number from 0 to 65535/, {
    run: hotshard,
  });
  await refused(t, ['--port', ''], /bad value "" for --port/);
  await refused(t, ['--ttl', '-5'], /bad value "-5" for --ttl/);
  await refused(t, ['--workers', '0x2'], /bad value "0x2" for --workers/);
  await refused(
    t,
    ['--max-value-size', '1gb'],
    /bad value "1gb" for --max-value-size: must be at most --max-memory/,
  );
  await refused(t, ['set', 'k', 'v', '--ttl', 'soon'], /bad value "soon" for --ttl: must be a duration/);
});

test('a bad value of a variable is refused by the name of the variable', async (t) => {
  await refused(t, [], /bad value "abc" for PROXY_PORT \(--port\)/, {
    environment: { PROXY_PORT: 'abc' },
    run: hotshard,
  });
});

test('unknown flags and commands, and arguments too few or too many, are refused', async (t) => {
  await refused(t, ['--bogus'], /unknown flag --bogus/, { run: hotshard });
  await refused(t, ['get', '--weird'], /unknown flag --weird .*-- goes before a KEY/);
  await refused(
    t,
    ['foo'],
    /unknown command "foo": must be one of serve, check, get, set, del, stats, bench/,
  );
  await refused(t, ['serve', 'x'], /unexpected argument "x"/);
  await refused(t, ['set', 'k'], /VALUE is missing/);
  await refused(t, ['--port'], /--port needs a value/);
  await refused(t, ['bench', '--bogus'], /unknown flag --bogus; see hotshard bench --help/);
  await refused(t, ['bench', 'word', '--', '--workers', '2'], /unexpected argument "word"/);
});

test('a --url that is none is refused', async (t) => {
  for (const url of ['localhost:3000', 'http://a:b@localhost']) {
    await refused(t, ['stats', `--url=${url}`], /bad value .* for --url: must be an http:\/\//);
  }
});
