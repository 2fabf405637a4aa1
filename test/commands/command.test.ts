/** COMMAND: what is told of each command is what a real Redis tells of it, in the same places. */
import t from 'tap';
import { startRedis } from '../store/fixtures/redis-server.js';
import type { Captured } from './capture.js';
import { RedisClient } from './redis-client.js';
import { ServerRig } from './server-rig.js';

const server = await startRedis(t);
const redis = await RedisClient.connect(server.socketPath);
t.teardown(() => redis.close());

const client = new ServerRig(t).connect();

const NAMES = (client.say('COMMAND LIST') as string[]).filter((name) => !name.includes('|'));

/** Came with Redis 7.2, and the server of the tests may be older. */
const NEW_SUBCOMMANDS = ['client|setinfo', 'client|no-touch'];

type Told = Captured | undefined | readonly Told[] | { readonly [name: string]: Told };

t.test('every command of the contract is there', (t) => {
  const promised = `GET SET GETEX GETDEL GETSET SETNX SETEX PSETEX MGET MSET MSETNX DEL UNLINK EXISTS TOUCH TYPE STRLEN
    APPEND GETRANGE SETRANGE INCR DECR INCRBY DECRBY INCRBYFLOAT EXPIRE PEXPIRE EXPIREAT PEXPIREAT TTL PTTL EXPIRETIME
    PEXPIRETIME PERSIST KEYS SCAN RANDOMKEY RENAME RENAMENX COPY DBSIZE FLUSHDB FLUSHALL MULTI EXEC DISCARD WATCH
    UNWATCH PING ECHO HELLO AUTH SELECT QUIT RESET CLIENT COMMAND INFO CONFIG TIME`;
  const missing = promised.split(/\s+/).filter((name) => !NAMES.includes(name.toLowerCase()));
  t.strictSame(missing, []);
  t.equal(client.say('COMMAND COUNT'), NAMES.length);
  t.end();
});

t.test('COMMAND INFO: arity, flags, keys and categories are those of Redis', async (t) => {
  const ours = infoByName(client.run('COMMAND', 'INFO', ...NAMES));
  const theirs = infoByName(await redis.run('COMMAND', 'INFO', ...NAMES));
  t.ok(ours.size > NAMES.length, 'subcommands are among them');
  for (const [name, info] of ours) {
    if (NEW_SUBCOMMANDS.includes(name)) continue;
    const expected = theirs.get(name);
    if (name === 'command|getkeys') {
      // Of a command without arguments it may be asked too, as Redis has found out since.
      t.strictSame(info, { ...expected, arity: -3 }, name);
    } else if (name === 'client|list') {
      const flags = (expected?.flags ?? []) as string[];
      t.strictSame(info, { ...expected, flags: [...flags, '+no_multi'].sort() }, name);
    } else {
      t.strictSame(info, expected, name);
    }
  }
});

t.test('COMMAND INFO of all commands is COMMAND; of an unknown one it is nil', async (t) => {
  t.strictSame(client.say('COMMAND'), client.run('COMMAND', 'INFO', ...NAMES));
  t.strictSame(client.say('COMMAND INFO'), client.say('COMMAND'));
  t.strictSame(client.say('COMMAND INFO nosuch'), [null]);
  t.strictSame(client.say('COMMAND INFO nosuch'), await redis.run('COMMAND', 'INFO', 'nosuch'));
});

t.test(
  'COMMAND DOCS: groups, versions and arguments are those of Redis, with words of our own',
  async (t) => {
    const ours = docsByName(client.run('COMMAND', 'DOCS', ...NAMES));
    const theirs = docsByName(await redis.run('COMMAND', 'DOCS', ...NAMES));
    for (const [name, docs] of ours) {
      if (!NEW_SUBCOMMANDS.includes(name)) t.strictSame(docs, theirs.get(name), name);
    }
    t.strictSame([...ours.keys()].sort(), (client.say('COMMAND LIST') as string[]).sort());
    t.strictSame(client.say('COMMAND DOCS nosuch'), []);
  },
);

t.test('COMMAND DOCS: what stands for an argument is told, as since Redis 7.2', (t) => {
  const docs = mapOf(mapOf(client.say('COMMAND DOCS set')).set as Captured);
  const [key, , condition] = (docs.arguments as Captured[]).map(mapOf);
  t.match(key, { name: 'key', type: 'key', key_spec_index: 0, display_text: 'key' });
  t.notOk('display_text' in (condition as object), 'what has parts is shown by them');
  t.end();
});

t.test('COMMAND LIST and its filters, COMMAND GETKEYS, errors', async (t) => {
  const commands = [
    ['COMMAND', 'LIST', 'FILTERBY', 'MODULE', 'json'],
    ['COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', 'nosuch'],
    ['COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', 'transaction'],
    ['COMMAND', 'LIST', 'FILTERBY', 'PATTERN', 'PING'],
    ['COMMAND', 'LIST', 'FILTERBY', 'PATTERN', 'p*expire*'],
    ['COMMAND', 'LIST', 'FILTERBY', 'PATTERN'],
    ['COMMAND', 'LIST', 'FILTERBY', 'FOO', 'x'],
    ['COMMAND', 'LIST', 'foo'],
    ['COMMAND', 'GETKEYS', 'get', 'k'],
    ['COMMAND', 'GETKEYS', 'MSET', 'a', '1', 'b', '2'],
    ['COMMAND', 'GETKEYS', 'rename', 'a', 'b'],
    ['COMMAND', 'GETKEYS', 'get', 'a', 'b'],
    ['COMMAND', 'GETKEYS', 'mset', 'a'],
    ['COMMAND', 'GETKEYS', 'ping', 'a'],
    ['COMMAND', 'GETKEYS', 'nosuch', 'a'],
    ['COMMAND', 'COUNT', 'x'],
    ['COMMAND', 'FOO'],
  ];
  for (const words of commands) {
    t.strictSame(sorted(client.run(...words)), sorted(await redis.run(...words)), words.join(' '));
  }
});

t.test('every container tells of its subcommands', (t) => {
  for (const name of ['CLIENT', 'COMMAND', 'CONFIG']) {
    const help = client.say(`${name} HELP`) as string[];
    t.equal(help[0], `+${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
    const subcommands = (client.say('COMMAND LIST') as string[])
      .filter((full) => full.startsWith(`${name.toLowerCase()}|`))
      .map((full) => full.split('|')[1]);
    for (const subcommand of subcommands) {
      t.ok(
        help.some((line) => line.startsWith(`+${subcommand.toUpperCase()}`)),
        `${name} ${subcommand}`,
      );
    }
  }
  t.end();
});

function infoByName(list: Captured): Map<string, { readonly [field: string]: Told }> {
  const byName = new Map<string, { readonly [field: string]: Told }>();
  for (const info of list as Captured[][]) {
    const [name, arity, flags, first, last, step, categories, tips, specs, subcommands] = info;
    byName.set(name as string, {
      arity,
      flags: sorted(flags),
      keys: [first, last, step],
      categories: sorted(categories),
      tips,
      specs: (specs as Captured[]).map((spec) => specOf(mapOf(spec))),
    });
    for (const [subcommand, details] of infoByName(subcommands)) byName.set(subcommand, details);
  }
  return byName;
}

function specOf({ notes, flags, begin_search, find_keys }: Record<string, Captured>): Told {
  const search = (told: Captured): Told => {
    const { type, spec } = mapOf(told);
    return { type, spec: mapOf(spec) };
  };
  return {
    hasNotes: String(notes !== undefined),
    flags: sorted(flags),
    begin: search(begin_search),
    find: search(find_keys),
  };
}

function docsByName(list: Captured): Map<string, Told> {
  const byName = new Map<string, Told>();
  for (const [name, told] of Object.entries(mapOf(list))) {
    const { summary, complexity, replaced_by, history, subcommands = [], ...docs } = mapOf(told);
    const versions = (history as Captured[][] | undefined)?.map(([version]) => version) ?? [];
    byName.set(name, {
      ...docs,
      has: [summary, complexity].map((text) => typeof text),
      isReplaced: String(replaced_by !== undefined),
      versions,
      arguments: ((docs.arguments ?? []) as Captured[]).map(argumentOf),
    });
    for (const [subcommand, details] of docsByName(subcommands)) byName.set(subcommand, details);
  }
  return byName;
}

function argumentOf(told: Captured): Told {
  const { display_text, flags = [], ...argument } = mapOf(told);
  const parts = ((argument.arguments ?? []) as Captured[]).map(argumentOf);
  return { ...argument, flags: sorted(flags), arguments: parts };
}

function mapOf(list: Captured): Record<string, Captured> {
  const entries = list as Captured[];
  return Object.fromEntries(
    Array.from({ length: entries.length / 2 }, (_, index) => [
      entries[2 * index] as string,
      entries[2 * index + 1],
    ]),
  );
}

function sorted(list: Captured): Captured {
  return Array.isArray(list) ? [...list].sort() : list;
}
