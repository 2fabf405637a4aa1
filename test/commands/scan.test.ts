/** What `SCAN` promises, and what the patterns of keys cost. */
import t from 'tap';
import { Glob } from '../../src/commands/glob.js';
import { Rig } from './rig.js';

type Step = [cursor: string, keys: string[]];

t.test(
  'a key that is there from the beginning to the end of a scan comes once, whatever comes and goes',
  async (t) => {
    const rig = Rig.create();
    const staying = Array.from({ length: 300 }, (_, i) => `stays:${i}`);
    for (const key of staying) rig.say(`SET ${key} v`);
    const seen: string[] = [];
    let cursor = '0';
    let steps = 0;
    do {
      const [next, keys] = rig.say(`SCAN ${cursor} COUNT 20`) as Step;
      seen.push(...keys.filter((key) => key.startsWith('stays:')));
      rig.say(`SET comes:${steps} v`);
      rig.say(`DEL comes:${steps - 5}`);
      cursor = next;
      steps++;
    } while (cursor !== '0');
    t.ok(steps > 5);
    t.same(seen.sort(), staying.sort());
  },
);

t.test('a step brings all keys of a small database, however large the map is', async (t) => {
  const rig = Rig.create({ maxMemory: 256 << 20 });
  const names = Array.from({ length: 9 }, (_, i) => `key:${i}`);
  for (const name of names) rig.say(`SET ${name} v`);
  for (const options of ['', ' COUNT 100', ' COUNT 10000 MATCH key:*']) {
    const step = rig.say(`SCAN 0${options}`) as Step;
    t.same([step[0], step[1].sort()], ['0', names], options);
  }
  t.same(rig.say('SCAN 0 MATCH nothing COUNT 1000'), ['0', []]);
});

t.test('MATCH and TYPE choose among the keys of a step, and a step without any goes on', async (t) => {
  const rig = Rig.create();
  for (let i = 0; i < 100; i++) rig.say(`SET ${i < 3 ? 'few' : 'many'}:${i} v`);
  const scanned = (options: string): string[] => {
    const found: string[] = [];
    let cursor = '0';
    do {
      const [next, keys] = rig.say(`SCAN ${cursor} ${options}`) as Step;
      found.push(...keys);
      cursor = next;
    } while (cursor !== '0');
    return found.sort();
  };
  t.same(scanned('MATCH few:*'), ['few:0', 'few:1', 'few:2']);
  t.same(scanned('MATCH few:[^0] TYPE string COUNT 7'), ['few:1', 'few:2']);
  t.same(scanned('TYPE hash'), []);
  t.equal(scanned('COUNT 1000000').length, 100);
});

t.test('cursors: what is no number is refused, an unknown one ends', async (t) => {
  const rig = Rig.create();
  rig.say('SET k v');
  for (const cursor of ['x', '', '-1', '1.5', ' 1', '18446744073709551616']) {
    t.equal(rig.run('SCAN', cursor), '-ERR invalid cursor', JSON.stringify(cursor));
  }
  t.same(rig.run('SCAN', '18446744073709551615'), ['0', []]);
});

t.test('a random key is one of those that are there', async (t) => {
  const rig = Rig.create();
  t.equal(rig.say('RANDOMKEY'), null);
  rig.say('MSET a 1 b 2');
  for (let i = 0; i < 20; i++) t.ok(['a', 'b'].includes(String(rig.say('RANDOMKEY'))));
});

t.test('a pattern of many stars is no endless search', async (t) => {
  const pattern = new Glob(Buffer.from(`${'*a'.repeat(200)}b`));
  t.notOk(pattern.matches(Buffer.from('a'.repeat(512))));
  t.ok(pattern.matches(Buffer.from(`${'a'.repeat(511)}b`)));
});
