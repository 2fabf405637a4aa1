/** Transactions: what they answer is what a real Redis answers, and what they do is done at once for all workers. */
import t from 'tap';
import { Arguments } from '../../src/commands/arguments.js';
import { Transaction } from '../../src/commands/transaction.js';
import { Transactions } from '../../src/commands/transactions.js';
import { StoreUnavailableError } from '../../src/store/tiered.js';
import { startRedis } from '../store/fixtures/redis-server.js';
import { Capture, type Captured } from './capture.js';
import { increment } from './fixtures/increment.js';
import { startSecond } from './fixtures/start-second.js';
import { RedisClient } from './redis-client.js';
import { ServerRig, sharedParts, type TestClient } from './server-rig.js';

/** Increments of each of two workers. */
const TIMES = 300;
/** Transactions that another worker looks at. */
const PAIRS = 1000;

const server = await startRedis(t);

/** Two clients, A and B, and what they say, a sequence a line. The keys are gone before each. */
const SEQUENCES = `
A EXEC|A DISCARD|A MULTI|A MULTI|A PING|A EXEC|A EXEC
A MULTI|A EXEC|A MULTI|A DISCARD|A DISCARD|A MULTI x|A EXEC
A MULTI|A SET k v|A GET k|B GET k|A INCR k|A EXEC|B GET k|A GET k
A MULTI|A SET k v|A GET|A EXEC|A GET k|A MULTI|A nosuch|A SET k v|A EXEC|A GET k
A MULTI|A CLIENT FOO|A EXEC|A MULTI|A CONFIG GET|A DISCARD|A SET k v|A GET k
A MULTI|A SET k v|A DISCARD|A GET k|A EXEC
A MULTI|A WATCH k|A PING|A EXEC
A WATCH|A WATCH k|A SET k mine|A MULTI|A SET k v|A EXEC|A GET k
A WATCH k|A MULTI|A SET k v|A EXEC|A MULTI|A SET k w|A EXEC
A WATCH k|B SET k other|A MULTI|A SET k v|A EXEC|A GET k|A MULTI|A SET k v|A EXEC|A GET k
A SET k v|A WATCH k|B SET k v|A MULTI|A EXEC
A SET k v|A WATCH k|B DEL k|B SET k v|A MULTI|A EXEC
A SET k v|A WATCH k k k|B EXPIRE k 100|A MULTI|A EXEC
A WATCH k|B DEL k|A MULTI|A EXEC
A WATCH k|B SET k v|B DEL k|A MULTI|A EXEC
A WATCH k|B SET other v|A MULTI|A SET k v|A EXEC
A WATCH k|B FLUSHALL|A MULTI|A EXEC
A SET k v|A WATCH k|B FLUSHALL|A MULTI|A EXEC
A SET k v|A WATCH k|B RENAME k l|A MULTI|A EXEC
A SET k v|A WATCH l|B RENAME k l|A MULTI|A EXEC
A SET k v|A WATCH l|B COPY k l|A MULTI|A EXEC
A WATCH a b c|B MSET c 1 d 2|A MULTI|A EXEC
A WATCH k|B SET k v|A UNWATCH|A MULTI|A EXEC
A WATCH k|B SET k v|A MULTI|A UNWATCH|A EXEC
A WATCH k|B SET k v|A MULTI|A DISCARD|A MULTI|A EXEC
A WATCH k|B SET k v|A MULTI|A GET|A EXEC|A MULTI|A EXEC
A WATCH k|B SET k v|A RESET|A EXEC|A MULTI|A EXEC
A WATCH k|B MULTI|B SET k v|A MULTI|B EXEC|A EXEC
A MULTI|A CLIENT GETNAME|A SELECT 0|A SELECT 99|A ECHO hi|A COMMAND GETKEYS get a|A AUTH x|A EXEC
A MULTI|A RESET|A EXEC
A EXEC x|A MULTI|A SET k v|A EXEC x|A EXEC|A GET k|A WATCH k|B SET k v|A MULTI|A EXEC x|A MULTI|A GET k|A EXEC
A MULTI|A MGET a b|A MSET a 1 b 2|A MGET a b|A APPEND a x|A INCR a|A KEYS *|A FLUSHALL|A DBSIZE|A EXEC
`;

t.test('replies are those of Redis', async (t) => {
  const clients = await Promise.all([
    RedisClient.connect(server.socketPath),
    RedisClient.connect(server.socketPath),
  ]);
  t.teardown(() => clients.map((client) => client.close()));
  for (const sequence of SEQUENCES.trim().split('\n')) {
    await clients[0].run('FLUSHALL');
    const rig = new ServerRig(t);
    const ours = [rig.connect(), rig.connect()];
    for (const step of sequence.split('|')) {
      const who = step.startsWith('A') ? 0 : 1;
      const words = step.slice(2).split(' ');
      const theirs = await clients[who].run(...words);
      t.strictSame(inOrder(ours[who].run(...words)), inOrder(theirs), `${step} in ${sequence}`);
    }
    for (const client of clients) await client.run('RESET');
  }
});

t.test('a watched key that had a value and has expired since is a changed one', async (t) => {
  const rig = new ServerRig(t);
  const client = rig.connect();
  // On a busy machine it may be over before it is watched.
  do {
    client.say('UNWATCH');
    client.say('SET k v PX 20');
    client.say('WATCH k');
  } while (client.say('EXISTS k') === 0);
  while (client.say('EXISTS k') !== 0) await new Promise((resolve) => setTimeout(resolve, 1));
  client.say('MULTI');
  client.say('PING');
  t.equal(client.say('EXEC'), null);
  client.say('WATCH k');
  client.say('MULTI');
  client.say('PING');
  t.strictSame(client.say('EXEC'), ['+PONG'], 'one that had none when it was watched is not');
});

t.test('whatever ends the watch of a client, writers are not held up by it any more', (t) => {
  const shared = sharedParts(1);
  const rig = new ServerRig(t, { shared });
  const watches = () => Atomics.load(new Int32Array(shared.watches.handle.buffer), 0);
  const ends: Readonly<Record<string, (client: TestClient) => unknown>> = {
    EXEC: (client) => [client.say('MULTI'), client.say('EXEC')],
    'EXEC that is refused': (client) => [client.say('MULTI'), client.say('GET'), client.say('EXEC')],
    'EXEC with a word too many': (client) => [client.say('MULTI'), client.say('EXEC x')],
    DISCARD: (client) => [client.say('MULTI'), client.say('DISCARD')],
    UNWATCH: (client) => client.say('UNWATCH'),
    RESET: (client) => client.say('RESET'),
    'the end of the connection': (client) => client.end(),
  };
  for (const [what, end] of Object.entries(ends)) {
    const client = rig.connect();
    client.say('WATCH a b');
    t.equal(watches(), 2);
    end(client);
    t.equal(watches(), 0, what);
  }
  t.end();
});

t.test('keys are watched, and looked at again, while nobody else is at the map', (t) => {
  let isAlone = false;
  const seen: string[] = [];
  const transactions = new Transactions({
    turn: {
      exclusively: (run) => {
        isAlone = true;
        const result = run();
        isAlone = false;
        return result;
      },
    },
    watcher: {
      watch: (key) => {
        seen.push(`watch ${key} ${isAlone}`);
        return String(key);
      },
      isChanged: (key) => {
        seen.push(`look at ${key} ${isAlone}`);
        return false;
      },
      unwatch: () => {},
    },
    runner: () => rig.commands.engine,
  });
  const rig = new ServerRig(t);
  const { client } = rig.connect();
  const run = (name: string, words: readonly string[]): void => {
    transactions.commands
      .find((command) => command.name === name)
      ?.run(Arguments.of([name, ...words]), new Capture(), client);
  };
  run('watch', ['a', 'b', 'a']);
  run('multi', []);
  run('exec', []);
  t.strictSame(seen, ['watch a true', 'watch b true', 'look at a true', 'look at b true']);
  t.end();
});

t.test('what can not be a key can not be watched', (t) => {
  const client = new ServerRig(t).connect();
  const refusal = '-ERR key must be 1 to 512 bytes long';
  t.equal(client.run('WATCH', 'k', ''), refusal);
  t.equal(client.run('WATCH', 'k'.repeat(513)), refusal);
  t.equal(client.client.watched.size, 0);
  t.end();
});

t.test('a command that fails does not keep the others from running', (t) => {
  const client = new ServerRig(t).connect();
  client.say('SET k text');
  client.say('MULTI');
  client.say('INCR k');
  client.say('SET k 1');
  client.say('INCR k');
  t.strictSame(client.say('EXEC'), ['-ERR value is not an integer or out of range', '+OK', 2]);
  t.end();
});

t.test('a transaction for which there is no room is refused, and frees what it took', (t) => {
  const connection = new ServerRig(t).connect();
  const transaction = new Transaction(2000);
  connection.client.transaction = transaction;
  t.equal(connection.say('SET k v'), '+QUEUED');
  t.equal(
    connection.run('SET', 'k', 'v'.repeat(2000)),
    '-ERR transaction too large: no room for more commands',
  );
  t.equal(transaction.queue.length, 0);
  t.equal(connection.say('SET k v'), '+QUEUED');
  t.equal(transaction.queue.length, 0, 'what will never run is not kept');
  t.match(connection.say('EXEC'), /^-EXECABORT/);
  t.equal(connection.say('GET k'), null);
  t.end();
});

t.test('keys that are not known yet are asked for first; then all runs at once', async (t) => {
  const shared = sharedParts(1);
  const settled: string[] = [];
  const rig = new ServerRig(t, {
    shared,
    settle: async (key) => {
      settled.push(Buffer.from(key as Uint8Array).toString());
      if (settled.length === 1) t.equal(shared.map.get('a'), undefined, 'nothing has run yet');
      // What is in the file.
      if (settled.length === 2) shared.map.set('b', '41');
    },
  });
  const client = rig.connect();
  client.say('MULTI');
  client.say('SET a 1');
  client.say('INCR b');
  client.say('PING');
  t.strictSame(await client.wait('EXEC'), ['+OK', 42, '+PONG']);
  t.strictSame(settled, ['a', 'b']);
});

t.test('when keys can not be asked for, nothing runs', async (t) => {
  const rig = new ServerRig(t, {
    settle: async () => {
      throw new StoreUnavailableError('away', 1);
    },
  });
  const client = rig.connect();
  client.say('MULTI');
  client.say('SET a 1');
  t.equal(await client.wait('EXEC'), '-ERR backing store unavailable: away');
  t.equal(rig.map.get('a'), undefined);
  t.equal(client.say('EXEC'), '-ERR EXEC without MULTI', 'the transaction is over');
});

t.test('commands that come all together are one transaction', (t) => {
  const { commands } = new ServerRig(t);
  const all = (...lines: readonly string[]): Captured => {
    const reply = new Capture();
    const client = commands.clients.open({});
    commands.engine.begin();
    commands.transactions.executeAll(
      lines.map((line) => Arguments.of(line.split(' '))),
      reply,
      client,
    );
    commands.engine.end();
    return reply.whole;
  };
  t.strictSame(all('SET k 1', 'INCR k', 'INCRBY k x'), [
    '+OK',
    2,
    '-ERR value is not an integer or out of range',
  ]);
  t.strictSame(all(), []);
  t.equal(
    all('SET k 9', 'GET'),
    "-EXECABORT Transaction discarded because of: ERR wrong number of arguments for 'get' command",
  );
  t.match(all('SET k 9', 'nosuch'), /^-EXECABORT .* unknown command 'nosuch'/);
  t.match(all('SET k 9', 'MULTI'), /^-EXECABORT .* not allowed inside a transaction/);
  t.match(all('SET k 9', 'CLIENT LIST'), /^-EXECABORT .* not allowed inside a transaction/);
  t.strictSame(all('GET k'), ['2'], 'none of these ran');
  t.end();
});

t.test('a reader in another worker sees all of a transaction or nothing', async (t) => {
  const shared = sharedParts(2);
  const { stop, saw } = await startSecond(t, shared, 'read');
  const client = new ServerRig(t, { shared }).connect();
  for (let left = PAIRS; left > 0; left--) {
    client.say('MULTI');
    client.say('INCR a');
    client.say('INCR b');
    client.say('EXEC');
  }
  Atomics.store(stop, 0, 1);
  const { reads, unequal } = (await saw) as { reads: number; unequal: unknown[] };
  t.ok(reads > 0);
  t.strictSame(unequal, []);
  t.equal(client.say('GET a'), String(PAIRS));
});

t.test('two workers that watch what they change lose no change', async (t) => {
  const shared = sharedParts(2);
  const { saw } = await startSecond(t, shared, 'increment', TIMES);
  const client = new ServerRig(t, { shared }).connect();
  for (let left = TIMES; left > 0; left--) increment(client, 'counter');
  await saw;
  t.equal(client.say('GET counter'), String(2 * TIMES));
});

/** Lists of keys come in any order. */
function inOrder(reply: Captured): Captured {
  return Array.isArray(reply) ? reply.map((part) => (Array.isArray(part) ? [...part].sort() : part)) : reply;
}
