/** Commands about a connection: replies and errors are those of a real Redis, with and without a password. */
import t, { type Test } from 'tap';
import type { Passwords } from '../../src/commands/login.js';
import { startRedis } from '../store/fixtures/redis-server.js';
import type { Captured } from './capture.js';
import { RedisClient } from './redis-client.js';
import { ServerRig, type TestClient } from './server-rig.js';

const PASSWORDS: Passwords = {
  required: true,
  check: (presented) => (({ secret: 'full', look: 'read-only' }) as const)[Buffer.from(presented).toString()],
};

t.test('replies and errors of a server without a password', async (t) => {
  await compare(
    t,
    [],
    new ServerRig(t).connect(),
    `PING|PING hi|PING a b|ECHO|ECHO hi|ECHO a b|SELECT|SELECT 0|SELECT 16|SELECT -1|SELECT x|SELECT 99999999999
    SELECT 99999999999999999999
    SELECT -2147483648|SELECT -2147483649|SELECT 2147483647|HELLO 9223372036854775807|HELLO 9223372036854775808|HELLO 4|HELLO 1|HELLO x|HELLO 3x|HELLO 2 foo|HELLO 2 AUTH|HELLO 2 AUTH default
    HELLO 2 SETNAME|HELLO 2 AUTH other x|HELLO 2 SETNAME a\u0001b|HELLO 9 SETNAME m|CLIENT GETNAME
    HELLO 2 SETNAME n|CLIENT GETNAME|HELLO 2 AUTH default x SETNAME o|CLIENT GETNAME
    HELLO|AUTH|AUTH x|AUTH default x|AUTH other x|AUTH a b c|TIME x|CLIENT GETNAME|CLIENT SETNAME|CLIENT SETNAME a\u00e9
    CLIENT SETNAME new|CLIENT GETNAME|RESET x|RESET|CLIENT GETNAME|CLIENT|CLIENT FOO|CLIENT NO-EVICT maybe|CLIENT NO-EVICT
    CLIENT NO-EVICT on|CLIENT NO-EVICT OFF|CLIENT LIST TYPE foo|CLIENT LIST foo|CLIENT LIST ID|CLIENT LIST ID 1 x|CLIENT ID x
    CLIENT INFO x|CLIENT GETNAME x|QUIT|CONFIG|CONFIG FOO|CONFIG GET|CONFIG RESETSTAT x|CONFIG RESETSTAT|COMMAND FOO bar`,
  );
});

t.test('HELLO does all that it is asked for, or nothing', (t) => {
  const client = new ServerRig(t).connect();
  t.match(client.say('HELLO 3 SETNAME me AUTH other x'), /^-WRONGPASS/);
  t.equal(client.say('CLIENT GETNAME'), null);
  t.equal(client.client.protocol, 2);
  t.end();
});

t.test('before a password was said only what says one is answered', async (t) => {
  await compare(
    t,
    ['--requirepass', 'secret'],
    new ServerRig(t, { passwords: PASSWORDS }).connect(),
    `PING|GET k|EXEC|nosuch|GET|CLIENT GETNAME|HELLO|HELLO 2|HELLO 2 SETNAME x|HELLO 4|HELLO 2 AUTH default wrong|AUTH wrong
    AUTH default wrong|AUTH other secret|AUTH a b c|GET k|RESET|AUTH secret|GET k|RESET|GET k|AUTH default secret|GET k
    RESET|HELLO 2 AUTH default secret SETNAME me|CLIENT GETNAME|AUTH wrong|GET k|RESET|QUIT`,
  );
});

t.test('who may read only is refused writes, in transactions too', (t) => {
  const client = new ServerRig(t, { passwords: PASSWORDS }).connect();
  t.equal(client.say('AUTH look'), '+OK');
  t.equal(client.say('GET k'), null);
  const refusal = "-NOPERM User default has no permissions to run the 'set' command";
  t.equal(client.say('SET k v'), refusal);
  t.equal(client.say('MULTI'), '+OK');
  t.equal(client.say('SET k v'), refusal);
  t.match(client.say('EXEC'), /^-EXECABORT/);
  t.equal(client.say('AUTH secret'), '+OK');
  t.equal(client.say('SET k v'), '+OK');
  t.end();
});

t.test('HELLO chooses the protocol and tells of the server, with a version that clients can compare', (t) => {
  const client = new ServerRig(t).connect();
  const told = client.say('HELLO 3') as Captured[];
  t.strictSame(told, [
    ...['server', 'redis', 'version', '7.4.0', 'proto', 3, 'id', client.client.id],
    ...['mode', 'standalone', 'role', 'master', 'modules', []],
  ]);
  t.equal(client.client.protocol, 3);
  t.equal((client.say('HELLO') as Captured[])[5], 3, 'without a version it stays');
  client.say('RESET');
  t.equal(client.client.protocol, 2);
  t.end();
});

t.test('RESET takes back what was said, but not the name of the library', (t) => {
  const connection = new ServerRig(t).connect();
  const { client } = connection;
  for (const line of [
    'HELLO 3 SETNAME me',
    'CLIENT SETINFO LIB-NAME mine',
    'CLIENT NO-EVICT on',
    'CLIENT NO-TOUCH on',
    'WATCH k',
    'MULTI',
  ]) {
    connection.say(line);
  }
  t.match(client, { protocol: 3, name: 'me', isNoEvict: true, isNoTouch: true, libraryName: 'mine' });
  t.equal(client.watched.size, 1);
  t.equal(connection.say('RESET'), '+RESET');
  t.match(client, { protocol: 2, name: '', isNoEvict: false, isNoTouch: false, libraryName: 'mine' });
  t.equal(client.transaction, undefined);
  t.equal(client.watched.size, 0);
  t.end();
});

t.test('QUIT ends the connection, also in a transaction', (t) => {
  const rig = new ServerRig(t);
  const client = rig.connect();
  client.say('MULTI');
  t.equal(client.say('QUIT'), '+OK');
  t.ok(client.client.isEnding);
  t.end();
});

t.test('TIME is the time', (t) => {
  const [seconds, microseconds] = (new ServerRig(t).connect().say('TIME') as string[]).map(Number);
  t.ok(Math.abs(seconds * 1000 - Date.now()) < 60_000);
  t.ok(microseconds >= 0 && microseconds < 1e6);
  t.end();
});

/** Runs commands, with blanks between words, on both sides. What differs from server to server is left out. */
async function compare(
  t: Test,
  redisArguments: readonly string[],
  client: TestClient,
  lines: string,
): Promise<void> {
  const server = await startRedis(t, { arguments: redisArguments });
  const redis = await RedisClient.connect(server.socketPath);
  t.teardown(() => redis.close());
  for (const line of lines.split(/[|\n]\s*/)) {
    const words = line.split(' ');
    // A real server hangs up.
    const theirs = words[0] === 'QUIT' ? '+OK' : await redis.run(...words);
    const ours = client.say(line);
    t.strictSame(comparable(ours), comparable(theirs), line);
  }
}

function comparable(reply: Captured): Captured {
  // Redis says since 7.2 what stands before AUTH.
  if (typeof reply === 'string') return reply.replace('HELLO <proto> AUTH', 'HELLO AUTH');
  if (!Array.isArray(reply) || reply[0] !== 'server') return reply;
  return reply.map((value, index) => (index === 3 || index === 7 ? 'differs' : value));
}
