/** Keys and values of lengths that the map does not take: errors of their own, and nothing has changed. */
import t from 'tap';
import { Rig } from './rig.js';
import { ServerRig } from './server-rig.js';

const BAD_KEY = '-ERR key must be 1 to 512 bytes long';
const TOO_LONG = '-ERR string exceeds maximum allowed size (max-value-size)';

const LONGEST = 'k'.repeat(512);

t.test('a key of 512 bytes is one', async (t) => {
  const rig = Rig.create();
  t.equal(rig.run('SET', LONGEST, 'v'), '+OK');
  t.equal(rig.run('GET', LONGEST), 'v');
});

t.test('an empty or longer key is an error for each command that has keys', async (t) => {
  const rig = Rig.create();
  rig.say('MSET a 1 b 2');
  const keyed = rig.engine.lookup.topLevel.filter(({ keys }) => keys !== undefined);
  t.ok(keyed.length > 30);
  for (const { name, arity } of keyed) {
    for (const key of ['', `${LONGEST}k`]) {
      const rest = Array.from({ length: Math.abs(arity) - 2 }, () => '1');
      t.equal(rig.run(name, key, ...rest), BAD_KEY, name);
    }
  }
  t.equal(rig.failed, 2 * keyed.length);
  t.equal(rig.say('DBSIZE'), 2);
});

t.test('a data file is not asked for what is no key', async (t) => {
  const settled: string[] = [];
  const rig = new ServerRig(t, {
    settle: (key) => {
      settled.push(Buffer.from(key as Uint8Array).toString());
    },
  });
  const client = rig.connect();
  t.equal(client.run('GET', ''), BAD_KEY);
  t.equal(client.run('SET', `${LONGEST}k`, 'v'), BAD_KEY);
  t.equal(client.run('MGET', 'a', ''), BAD_KEY);
  client.say('MULTI');
  client.run('GET', '');
  client.say('SET b v');
  t.strictSame(client.say('EXEC'), [BAD_KEY, '+OK']);
  t.strictSame(settled, ['a', 'b']);
});

t.test('so is one that is not the first: nothing is done to the others', async (t) => {
  const rig = Rig.create();
  rig.say('SET a old');
  for (const words of [
    ['MSET', 'a', 'new', '', 'v'],
    ['MSETNX', 'b', 'new', '', 'v'],
    ['DEL', 'a', ''],
    ['MGET', 'a', ''],
    ['RENAME', 'a', ''],
    ['COPY', 'a', ''],
  ]) {
    t.equal(rig.run(...words), BAD_KEY, words[0]);
  }
  t.same(rig.say('MGET a b'), ['old', null]);
});

t.test('a value may be as long as max-value-size, and no longer', async (t) => {
  const rig = Rig.create({ maxValueSize: 1000 });
  const longest = 'v'.repeat(1000);
  t.equal(rig.run('SET', 'k', longest), '+OK');
  t.equal(rig.run('GET', 'k'), longest);
  rig.say('SET short v PXAT 4000000000000');
  const longer = `${longest}v`;
  for (const words of [
    ['SET', 'k', longer],
    ['SET', 'k', longer, 'EX', '10'],
    ['SET', 'k', longer, 'GET'],
    ['SET', 'k', longer, 'PXAT', '1'],
    ['SETEX', 'k', '10', longer],
    ['GETSET', 'k', longer],
    ['SETNX', 'absent', longer],
    ['APPEND', 'k', 'v'],
    ['SETRANGE', 'k', '1000', 'v'],
    ['SETRANGE', 'short', '9223372036854775807', 'v'],
    ['APPEND', 'short', longest],
    ['MSET', 'short', 'new', 'k', longer],
    ['MSETNX', 'absent', 'new', 'absent2', longer],
  ]) {
    t.equal(rig.run(...words), TOO_LONG, `${words[0]} ${words[1]}`);
  }
  t.same(rig.say('MGET k short absent'), [longest, 'v', null]);
  t.equal(rig.say('PEXPIRETIME short'), 4_000_000_000_000);
  t.equal(rig.say('SETRANGE short 999 x'), 1000);
  t.equal(rig.say('APPEND k '), 1000);
});

t.test('values of all lengths come back, large ones after small ones and the other way round', async (t) => {
  const rig = Rig.create({ maxMemory: 16 << 20, maxValueSize: 4 << 20 });
  for (const length of [0, 1, 16 * 1024, 16 * 1024 + 1, 3 << 20, 5, 1 << 20, 2]) {
    const value = 'x'.repeat(length);
    t.equal(rig.run('SET', 'k', value), '+OK');
    t.equal(rig.run('APPEND', 'k', 'yz'), length + 2);
    t.equal(rig.run('SETRANGE', 'k', String(length), 'ab'), length + 2);
    t.ok(rig.run('GETRANGE', 'k', '0', '-1') === `${value}ab`, `${length} bytes`);
    t.ok(rig.run('GETDEL', 'k') === `${value}ab`, `${length} bytes`);
  }
});
