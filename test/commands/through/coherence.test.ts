/** Commands with a Redis behind the map that others change too: nothing old is answered, and no change is lost. */
import t from 'tap';
import { Random, SEED, seeded } from '../../shards/support.js';
import { startRedis } from '../../store/fixtures/redis-server.js';
import { hasSent, startProxy } from '../../store/fixtures/tcp-proxy.js';
import { until } from '../../store/fixtures/until.js';
import { openWorker, openWorkers } from './rig.js';

const redis = await startRedis(t);
const direct = redis.client();
const TELLING = hasSent('__redis__:invalidate');

t.beforeEach(async () => {
  await direct.flushall();
});

t.test('what a command leaves is in Redis, and the next read finds it in the map', async (t) => {
  const proxy = await startProxy(t, redis);
  const { connect, counters } = await openWorker(t, { redis: proxy.url, 'redis-prefix': 'p:' });
  const client = connect();
  // The echoes of its own writes would have it fetch them again, in its own time.
  proxy.hold({ connection: TELLING });
  const left: Record<string, string> = {
    'SET k v': 'v',
    'SETEX k 100 w': 'w',
    'APPEND k 1': 'w1',
    'SETRANGE k 0 x': 'x1',
    'GETSET k 10': '10',
    'INCRBY k 5': '15',
    'INCRBYFLOAT k 0.5': '15.5',
    'GETEX k EX 100': '15.5',
    'EXPIRE k 50': '15.5',
    'SET k y XX GET': 'y',
    'SETNX k z': 'y',
  };
  for (const [line, value] of Object.entries(left)) {
    await client.say(line);
    t.equal(await direct.get('p:k'), value, line);
    const { fetches } = counters();
    t.equal(await client.say('GET k'), value);
    t.equal(counters().fetches, fetches, `${line}: kept`);
  }
  t.equal(await client.say('GETDEL k'), 'y');
  t.equal(await client.say('GET k'), null);
  t.equal(await direct.exists('p:k'), 0);
});

t.test('what Redis refuses leaves the map as right as it was', async (t) => {
  const proxy = await startProxy(t, redis);
  const { connect, counters } = await openWorker(t, { redis: proxy.url });
  const client = connect();
  proxy.hold({ connection: TELLING });
  await client.say('SET k v');
  t.equal(await client.say('INCR k'), '-ERR value is not an integer or out of range');
  t.equal(await client.say('EXPIRE k x'), '-ERR value is not an integer or out of range');
  const { fetches } = counters();
  t.equal(await client.say('GET k'), 'v');
  t.equal(counters().fetches, fetches, 'nothing had to be fetched');
});

t.test('keys that hold something else than a string', async (t) => {
  const { connect } = await openWorker(t, { redis: redis.url });
  const client = connect();
  const WRONG = '-WRONGTYPE Operation against a key holding the wrong kind of value';
  await direct.rpush('list', 'x');
  const replies = {
    'GET list': WRONG,
    'STRLEN list': WRONG,
    'INCR list': WRONG,
    'GETSET list v': WRONG,
    'MGET list none': [null, null],
    'EXISTS list none': 1,
    'TYPE list': '+list',
    'SETNX list v': 0,
    'EXPIRE list 100': 1,
    'TTL list': 100,
    'PERSIST list': 1,
    'RENAME list list2': '+OK',
    'DEL list list2': 1,
  };
  for (const [line, reply] of Object.entries(replies)) t.same(await client.say(line), reply, line);
  await direct.rpush('list', 'x');
  await client.say('MULTI');
  for (const line of ['GET list', 'INCR n', 'TYPE list']) t.equal(await client.say(line), '+QUEUED');
  t.same(await client.say('EXEC'), [WRONG, 1, '+list']);
});

t.test('integers of 64 bits are exact', async (t) => {
  const { connect } = await openWorker(t, { redis: redis.url });
  const client = connect();
  for (const before of ['9007199254740980', '9223372036854775800', '-9223372036854775800']) {
    await direct.set('n', before);
    t.equal(await client.say('INCRBY n 3'), await client.say('GET n').then((text) => numberOf(String(text))));
    t.equal(await direct.get('n'), String(BigInt(before) + 3n));
    await client.say('MULTI');
    await client.say('INCR n');
    t.same(await client.say('EXEC'), [numberOf(String(BigInt(before) + 4n))]);
  }
});

t.test('a foreign change between two commands is seen by the second', async (t) => {
  const { connect } = await openWorker(t, { redis: redis.url });
  const client = connect();
  const gone = { 'GET k': null, 'MGET k': [null], 'STRLEN k': 0, 'GETRANGE k 0 -1': '', 'EXISTS k': 0 };
  for (const [line, reply] of Object.entries(gone)) {
    await direct.set('k', 'old');
    await until(async () => (await client.say('GET k')) === 'old');
    await direct.set('k', 'newer');
    await until(async () => (await client.say('GET k')) === 'newer');
    await direct.del('k');
    await until(async () => JSON.stringify(await client.say(line)) === JSON.stringify(reply));
    t.pass(line);
  }
  for (const [i, line] of ['APPEND k x', 'MSET k x j y', 'RENAME j k', 'COPY j k REPLACE'].entries()) {
    await direct.mset('k', `old${i}`, 'j', `j${i}`);
    await client.say('GET k');
    await client.say(line);
    t.equal(await client.say('GET k'), await direct.get('k'), line);
  }
});

t.test('increments by two workers, another process and a foreign client add up', async (t) => {
  const workers = await openWorkers(t, { redis: redis.url }, 2);
  const other = await openWorker(t, { redis: redis.url });
  const clients = [...workers, ...workers, other].map((worker) => worker.connect());
  const rounds = 50;
  const replies = new Set<unknown>();
  await Promise.all([
    ...clients.map(async (client) => {
      for (let i = 0; i < rounds; i++) {
        replies.add(await client.say('INCR n'));
        await client.say('GET n');
      }
    }),
    (async () => {
      for (let i = 0; i < rounds; i++) replies.add(await direct.incr('n'));
    })(),
  ]);
  const total = (clients.length + 1) * rounds;
  t.equal(replies.size, total, 'no two of them were told the same');
  for (const client of clients) await until(async () => (await client.say('GET n')) === String(total));
});

t.test('the default time to live is for what SET stores, as for HTTP', async (t) => {
  const { connect } = await openWorker(t, { redis: redis.url, ttl: '100s' });
  const client = connect();
  for (const line of ['SET a v', 'SET b v NX', 'SET c v GET']) await client.say(line);
  await client.say('MULTI');
  await client.say('SET d v');
  await client.say('EXEC');
  for (const key of ['a', 'b', 'c', 'd']) t.ok((await direct.ttl(key)) > 0, key);
  await client.say('SET a v EX 1000');
  t.ok(Number(await client.say('TTL a')) > 100, 'another one counts more');
  await client.say('INCR n');
  t.equal(await client.say('TTL n'), -1, 'other commands are as in Redis');
});

t.test('commands about all keys speak of the map, and leave Redis alone', async (t) => {
  const { connect } = await openWorker(t, { redis: redis.url });
  const client = connect();
  await direct.set('foreign', 'v');
  await client.say('SET own v');
  await client.say('GET none');
  t.same(await client.say('KEYS *'), ['own']);
  t.equal(await client.say('DBSIZE'), 1);
  t.equal(await client.say('RANDOMKEY'), 'own');
  t.equal(await client.say('FLUSHALL'), '+OK');
  t.equal(await client.say('DBSIZE'), 0);
  t.equal(await direct.dbsize(), 2);
  t.same(await client.say('MGET own foreign'), ['v', 'v']);
});

t.test('values that are too large', async (t) => {
  const { connect, counters } = await openWorker(t, { redis: redis.url, 'max-value-size': '20' });
  const client = connect();
  const TOO_LARGE = '-ERR string exceeds maximum allowed size (max-value-size)';
  const large = 'x'.repeat(21);
  for (const line of [`SET k ${large}`, `SETEX k 10 ${large}`, `SET k ${large} NX`, `MSET j v k ${large}`]) {
    t.equal(await client.say(line), TOO_LARGE, line);
  }
  t.equal(await client.say('SETRANGE k 20 x'), TOO_LARGE);
  t.equal(await direct.dbsize(), 0);
  await client.say('SET k 0123456789');
  t.equal(await client.say('APPEND k 0123456789x'), 21, 'what grows in Redis is not kept');
  const { fetches } = counters();
  t.equal(await client.say('STRLEN k'), 21);
  t.ok(counters().fetches > fetches);
});

t.test('a Redis whose scripts are forbidden', async (t) => {
  await direct.acl('SETUSER', 'plain', 'on', '>secret', '~*', '&*', '+@all', '-@scripting');
  const url = redis.url.replace('redis://', 'redis://plain:secret@');
  const { connect } = await openWorker(t, { redis: url });
  const client = connect();
  await direct.set('n', '9007199254740990');
  t.equal(await client.say('INCR n'), Number.MAX_SAFE_INTEGER);
  t.equal(await client.say('INCR n'), 9007199254740992n);
  t.equal(await client.say('GET n'), '9007199254740992');
  await direct.rpush('list', 'x');
  t.equal(await client.say('EXPIRE list 100'), 1);
  t.equal(await client.say('EXPIRE list x'), '-ERR value is not an integer or out of range');
});

t.test('a write of several keys: from when on the old values are not answered', async (t) => {
  const proxy = await startProxy(t, redis);
  const { connect } = await openWorker(t, { redis: proxy.url });
  const [client, reader] = [connect(), connect()];
  const writes = ['MSET a new b new', 'RENAME b a', 'MULTI|SET a new|SET b new|EXEC'];
  for (const write of writes) {
    await direct.mset('a', 'old', 'b', 'new');
    await until(async () => (await reader.say('GET a')) === 'old');
    // Nobody is told of anything: the worker knows what it has written itself.
    const tell = proxy.hold({ connection: TELLING });
    const release = proxy.hold({ direction: 'to client' });
    const lines = write.split('|');
    const last = lines.pop() ?? '';
    for (const line of lines) await client.say(line);
    const answer = client.say(last);
    await until(async () => (await direct.get('a')) === 'new');
    const read = reader.say('GET a');
    release();
    t.equal(await read, 'new', write);
    await answer;
    t.equal(await reader.say('GET a'), 'new');
    tell();
  }
});

t.test('races of commands and foreign writers end with what Redis has', async (t) => {
  const proxies = await Promise.all([startProxy(t, redis), startProxy(t, redis)]);
  const processes = await Promise.all(proxies.map((proxy) => openWorkers(t, { redis: proxy.url }, 2)));
  const workers = processes.flat();
  const random = new Random(SEED);
  const pick = (choices: readonly string[]): string => choices[random.below(choices.length)] ?? '';
  const key = (): string => pick(['{k}a', '{k}b', '{k}c']);
  const command = (n: number): string =>
    pick([
      ...[
        `GET ${key()}`,
        `MGET ${key()} ${key()}`,
        `SET ${key()} ${n}`,
        `APPEND ${key()} ${n}`,
        `INCR ${key()}`,
      ],
      ...[`MSET ${key()} ${n} ${key()} ${n}`, `RENAME ${key()} ${key()}`, `COPY ${key()} ${key()} REPLACE`],
      ...[`DEL ${key()} ${key()}`, `GETDEL ${key()}`, `PEXPIRE ${key()} 3`, `SET ${key()} ${n} NX`],
      ...['MULTI', 'EXEC', `WATCH ${key()}`, 'FLUSHALL'],
    ]);
  const clients = [...workers, ...workers].map((worker) => worker.connect());
  for (let round = 0; round < 4; round++) {
    const undo = proxies.flatMap((proxy) => [
      proxy.delay(random.below(8), { direction: 'to client', connection: TELLING }),
      proxy.delay(random.below(8), { direction: 'to client', connection: hasSent('TRACKING') }),
      proxy.delay(random.below(8), { direction: 'to server' }),
    ]);
    const own = clients.map(async (client, n) => {
      for (let i = 0; i < 12; i++) await client.say(command(100 * n + i));
      await client.say('DISCARD');
    });
    const foreign = async (): Promise<void> => {
      for (let i = 0; i < 30; i++) await direct.set(key(), `foreign${round}${i}`);
    };
    await Promise.all([...own, foreign()]);
    for (const end of undo) end();
    for (const name of ['{k}a', '{k}b', '{k}c']) {
      // What is to expire in a moment would change while it is looked at.
      await direct.persist(name);
      const now = await direct.get(name);
      for (const client of clients) {
        await until(async () => (await client.say(`GET ${name}`)) === now);
        for (let i = 0; i < 3; i++) t.equal(await client.say(`GET ${name}`), now, seeded(name));
      }
    }
  }
});

function numberOf(text: string): number | bigint {
  return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
}
