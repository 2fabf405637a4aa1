/** Which commands count as hits and misses: those of Redis. */
import t from 'tap';
import { startRedis } from '../store/fixtures/redis-server.js';
import { RedisClient } from './redis-client.js';
import { Rig } from './rig.js';

const LINES = `
GET a|GET none|MGET a none b|SET a 1 GET|SET none 1 XX GET|SET a 1|SET a 1 NX|SETNX a 2|GETSET a 3|GETEX a|GETEX none
GETEX a EX 100|GETDEL c|GETDEL c|STRLEN a|STRLEN none|GETRANGE a 0 1|GETRANGE none 0 1|SETRANGE a 0 x|APPEND b 1|INCR n
INCRBYFLOAT n 1|EXISTS a none a|TOUCH a none|TYPE a|TYPE none|TTL a|PTTL none|EXPIRETIME a|PEXPIRETIME none|EXPIRE a 100
PERSIST a|DEL a none|UNLINK b|RENAME d e|RENAMENX e d|COPY d f|COPY none g|KEYS *|SCAN 0|DBSIZE|RANDOMKEY|MSET a 1|MSETNX a 1
`;

t.test('hits and misses are counted as Redis counts them', async (t) => {
  const server = await startRedis(t);
  const redis = await RedisClient.connect(server.socketPath);
  t.teardown(() => redis.close());
  const rig = Rig.create();
  const ours = (): number[] => [rig.map.stats().hits, rig.map.stats().misses];
  const theirs = async (): Promise<number[]> => {
    const info = String(await redis.run('INFO', 'stats'));
    return ['hits', 'misses'].map((word) => Number(new RegExp(`keyspace_${word}:(\\d+)`).exec(info)?.[1]));
  };
  for (const line of ['MSET a 1 b 2 c 3 d 4', ...LINES.trim().split(/[|\n]/)]) {
    rig.say(line);
    await redis.run(...line.split(' '));
    t.same(ours(), await theirs(), line);
  }
});

t.test('what is set and deleted is counted', async (t) => {
  const rig = Rig.create();
  for (const line of ['SET a 1', 'SETEX a 100 1', 'INCR a', 'MSET b 1 c 2', 'EXPIRE a 200', 'PERSIST a']) {
    rig.say(line);
  }
  for (const line of ['DEL a none', 'GETDEL b', 'EXPIRE c 0']) rig.say(line);
  t.match(rig.map.stats(), { sets: 5, deletes: 3, keys: 0 });
});
