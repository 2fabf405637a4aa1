/** Times to live that Redis has not got: the server's default, and those further off than numbers are exact for. */
import t from 'tap';
import { Rig } from './rig.js';

const HOUR = 3600;

/** Commands that give the absent key `k` a value without saying how long it is to live. */
const STORING = [
  'SET k 1',
  'SET k 1 NX',
  'SET k 1 GET',
  'SET k 1 KEEPTTL',
  'SETNX k 1',
  'GETSET k 1',
  'MSET k 1 l 2',
  'MSETNX k 1 l 2',
  'APPEND k 1',
  'SETRANGE k 0 1',
  'INCR k',
  'DECRBY k 1',
  'INCRBY k 9223372036854775807',
  'INCRBYFLOAT k 1',
];

t.test('without a default nothing expires', async (t) => {
  for (const line of STORING) {
    const rig = Rig.create();
    rig.say(line);
    t.equal(rig.say('TTL k'), -1, line);
  }
});

t.test('what is stored without a time to live gets the default', async (t) => {
  for (const line of STORING) {
    const rig = Rig.create({ ttl: HOUR * 1000 });
    rig.say(line);
    const left = Number(rig.say('PTTL k'));
    t.ok(left > (HOUR - 60) * 1000 && left <= HOUR * 1000, `${line}: ${left}`);
  }
});

t.test('the default is no more than that', async (t) => {
  const rig = Rig.create({ ttl: HOUR * 1000 });
  for (const [line, expiry] of [
    ['SET k v PXAT 4000000000000', 4_000_000_000_000],
    ['SET k 5 KEEPTTL', 4_000_000_000_000],
    ['INCR k', 4_000_000_000_000],
    ['APPEND k 5', 4_000_000_000_000],
    ['RENAME k l', -2],
    ['RENAME l k', 4_000_000_000_000],
    ['GETEX k', 4_000_000_000_000],
    ['PERSIST k', -1],
    ['INCR k', -1],
    ['SET k 5 KEEPTTL', -1],
  ] as const) {
    rig.say(line);
    t.equal(rig.say('PEXPIRETIME k'), expiry, line);
  }
  rig.say('SET k v');
  t.ok(Number(rig.say('TTL k')) <= HOUR);
});

t.test('a key is gone when its time has come, for all commands', async (t) => {
  const rig = Rig.create();
  rig.say('SET k v');
  const time = Date.now() + 2;
  rig.say(`PEXPIREAT k ${time}`);
  // So short a time that nothing else would pass faster.
  while (Date.now() < time);
  t.equal(rig.say('GET k'), null);
  t.equal(rig.say('EXISTS k'), 0);
  t.equal(rig.say('TTL k'), -2);
  t.equal(rig.say('PERSIST k'), 0);
  t.same(rig.say('KEYS *'), []);
  t.equal(rig.say('SET k w XX'), null);
  t.equal(rig.say('SETNX k w'), 1);
});

t.test('times beyond those that numbers are exact for are the last of these', async (t) => {
  const rig = Rig.create();
  for (const line of ['SET k v PXAT 9223372036854775807', 'PEXPIRE k 9223372036000000000']) {
    t.not(rig.say(line), 0);
    t.equal(rig.say('PEXPIRETIME k'), Number.MAX_SAFE_INTEGER, line);
    t.equal(rig.say('GET k'), 'v');
  }
});
