/** CLIENT: what is known of connections, in this worker and in the others. */
import t from 'tap';
import { Clients } from '../../src/commands/clients.js';
import { SharedClients } from '../../src/commands/shared-clients.js';
import { startRedis } from '../store/fixtures/redis-server.js';
import { startSecond } from './fixtures/start-second.js';
import { RedisClient } from './redis-client.js';
import { ServerRig, sharedParts } from './server-rig.js';

/** Fields that Redis has told of since 7.2 and 7.4. */
const NEW_FIELDS = ['watch', 'lib-name', 'lib-ver'];

t.test('a line has the fields of Redis, in its order', async (t) => {
  const server = await startRedis(t);
  const redis = await RedisClient.connect(server.socketPath);
  t.teardown(() => redis.close());
  const client = new ServerRig(t).connect();
  const ours = [...fieldsOf(client.say('CLIENT INFO') as string).keys()];
  const theirs = [...fieldsOf((await redis.run('CLIENT', 'INFO')) as string).keys()];
  t.strictSame(
    ours.filter((name) => !NEW_FIELDS.includes(name)),
    theirs.filter((name) => !NEW_FIELDS.includes(name)),
  );
  t.strictSame(
    ours.filter((name) => NEW_FIELDS.includes(name)),
    NEW_FIELDS,
  );
});

t.test('a line tells who the client is and what it is in the middle of', (t) => {
  const connection = new ServerRig(t).connect();
  for (const line of [
    'HELLO 3 SETNAME me',
    'CLIENT SETINFO lib-name mine',
    'CLIENT SETINFO LIB-VER 1.2',
    'CLIENT NO-EVICT ON',
    'CLIENT NO-TOUCH ON',
    'WATCH a b',
  ]) {
    connection.say(line);
  }
  const fields = fieldsOf(connection.say('CLIENT INFO') as string);
  const expected = {
    ...{ id: String(connection.client.id), addr: '127.0.0.1:5000', laddr: '[::1]:6379', name: 'me', db: '0' },
    ...{ flags: 'eT', multi: '-1', watch: '2', cmd: 'client|info', user: 'default', resp: '3' },
    ...{ 'lib-name': 'mine', 'lib-ver': '1.2' },
  };
  for (const [name, value] of Object.entries(expected)) t.equal(fields.get(name), value, name);
  connection.say('MULTI');
  connection.say('SET k v');
  connection.say('CLIENT INFO');
  const [, inTransaction] = connection.say('EXEC') as string[];
  t.equal(fieldsOf(inTransaction).get('multi'), '-1', 'it is over when its commands run');
  t.end();
});

t.test('in a transaction the commands of it are counted', async (t) => {
  const rig = new ServerRig(t);
  const [one, other] = [rig.connect(), rig.connect()];
  one.say('MULTI');
  one.say('SET k v');
  const [line] = ((await other.wait(`CLIENT LIST ID ${one.client.id}`)) as string).split('\n');
  t.equal(fieldsOf(line).get('multi'), '1');
  t.equal(fieldsOf(line).get('flags'), 'x');
});

t.test('names that would break a line, and what is no name, are refused', (t) => {
  const client = new ServerRig(t).connect();
  const refusal = 'cannot contain spaces, newlines or special characters.';
  t.equal(client.run('CLIENT', 'SETNAME', 'a b'), `-ERR Client names ${refusal}`);
  t.equal(client.run('CLIENT', 'SETINFO', 'lib-name', 'a\nb'), `-ERR lib-name ${refusal}`);
  t.equal(client.run('CLIENT', 'SETINFO', 'LIB-VER', 'a b'), `-ERR LIB-VER ${refusal}`);
  t.equal(client.run('CLIENT', 'SETINFO', 'foo', 'x'), "-ERR Unrecognized option 'foo'");
  t.equal(client.run('CLIENT', 'SETNAME', 'me'), '+OK');
  t.equal(client.say('CLIENT GETNAME'), 'me');
  t.equal(client.run('CLIENT', 'SETNAME', ''), '+OK');
  t.equal(client.say('CLIENT GETNAME'), null, 'an empty one takes it away');
  t.equal(
    client.say('CLIENT MAINT_NOTIFICATIONS ON'),
    "-ERR unknown subcommand 'MAINT_NOTIFICATIONS'. Try CLIENT HELP.",
    'node-redis says this, and takes an error for an answer',
  );
  t.end();
});

t.test('CLIENT LIST tells of the clients of all workers, with different numbers', async (t) => {
  const shared = sharedParts(2);
  const first = new ServerRig(t, { shared }).connect();
  const other = await startSecond(t, shared, 'listen');
  await other.saw;
  const lines = linesOf(await first.wait('CLIENT LIST'));
  t.strictSame(
    lines.map((line) => line.get('name')),
    ['', 'second'],
  );
  const ids = lines.map((line) => line.get('id'));
  t.equal(new Set(ids).size, 2);
  t.strictSame(
    linesOf(await first.wait(`CLIENT LIST ID ${ids[1]} 12345`)).map((line) => line.get('name')),
    ['second'],
  );
  t.equal(linesOf(await first.wait('CLIENT LIST TYPE normal')).length, 2);
  t.equal(await first.wait('CLIENT LIST TYPE replica'), '');
  t.equal(shared.clients.open, 2);

  await other.thread.terminate();
  t.equal(linesOf(await first.wait('CLIENT LIST')).length, 1, 'a worker that is gone is not waited for long');
  shared.clients.release(1);
  t.equal(shared.clients.open, 1);
  t.equal(shared.clients.received, 2);
  first.end();
  t.equal(shared.clients.open, 0);
});

t.test('who waits for the lines of others when it is stopped gets those that are there', async (t) => {
  const shared = SharedClients.create(2);
  const clients = new Clients(shared, 0, 'full');
  const own = clients.open({});
  // Of a worker that does not answer.
  shared.countOpened(1);
  const lines = clients.lines();
  clients.stop();
  t.equal((await lines).length, 1);
  clients.close(own);
  clients.close(own);
  t.same(await clients.lines(), [], 'one that is closed is no longer listed');
});

function linesOf(reply: unknown): Map<string, string>[] {
  return String(reply).split('\n').filter(Boolean).map(fieldsOf);
}

function fieldsOf(line: string): Map<string, string> {
  return new Map(
    line
      .trimEnd()
      .split(' ')
      .map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)] as const),
  );
}
