/** What is answered over the Redis protocol although all places of the concurrency limit are taken, and what waits. */
import t from 'tap';
import type { Command } from '../../../src/commands/command.js';
import { withCheckedKeys } from '../../../src/commands/key-check.js';
import { ServerRig } from '../../commands/server-rig.js';
import { limitOf, until } from '../../server/server-under-test.js';
import { serveResp } from './lane-under-test.js';
import { Peer } from './peer.js';

const REFUSAL = '-ERR max number of clients reached\r\n';

t.test('keys in the map: commands over them, and fast ones without, need no place', async (t) => {
  const limit = limitOf(1, 2);
  const { port } = await serveResp(t, { limit, rig: new ServerRig(t) });
  t.ok(limit.tryAcquire());
  const [peer, waiting] = [await Peer.connect(t, port), await Peer.connect(t, port)];
  peer.send(
    'PING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n7\r\nINCR k\r\nGET k\r\nGET none\r\nMGET k none\r\nWRONG\r\n',
  );
  const expected =
    "+PONG\r\n+OK\r\n:8\r\n$1\r\n8\r\n$-1\r\n*2\r\n$1\r\n8\r\n$-1\r\n-ERR unknown command 'WRONG', with args beginning with: \r\n";
  t.equal(await peer.text(expected), expected);
  peer.send('MULTI\r\nINCR k\r\nKEYS *\r\n');
  const queued = '+OK\r\n+QUEUED\r\n+QUEUED\r\n';
  t.equal(await peer.text(queued), queued);
  t.match(limit.usage, { inFlight: 1, waiting: 0 });
  peer.send('EXEC\r\nGET k\r\n');
  await until(() => limit.usage.waiting === 1);
  // Typed with quotes, and sent in the form of clients: each is run once, when its turn comes.
  waiting.send('PING\r\nKEYS "k"\r\n*2\r\n$4\r\nKEYS\r\n$1\r\n');
  t.equal(await waiting.text('+PONG\r\n'), '+PONG\r\n');
  await until(() => limit.usage.waiting === 2);
  waiting.send('k\r\nPING\r\n');
  const late = await Peer.connect(t, port);
  late.send('GET k\r\n');
  t.equal(await late.rest(), REFUSAL, 'the backlog is full');
  limit.release();
  const executed = '*2\r\n:9\r\n*1\r\n$1\r\nk\r\n$1\r\n9\r\n';
  t.equal(await peer.text(executed), executed);
  const listed = '*1\r\n$1\r\nk\r\n*1\r\n$1\r\nk\r\n+PONG\r\n';
  t.equal(await waiting.text(listed), listed);
  t.match(limit.usage, { inFlight: 0, waiting: 0 });
});

t.test('keys of a store: values that are in the map need no place', async (t) => {
  const limit = limitOf(1, 2);
  const ran: string[] = [];
  const server = await serveResp(t, {
    limit,
    commands: (cache, map): readonly Command[] => {
      map.setMany([
        ['a', 'value'],
        ['empty', ''],
      ]);
      const command = (name: string, arity: number): Command => ({
        ...{ name, arity, flags: ['fast'], keys: { first: 1, last: -1, step: 1 } },
        run: (args, reply) => {
          ran.push(args.text(1));
          const found = cache.map.getString(args.text(1));
          if (found === undefined) reply.nil();
          else reply.bulk(Buffer.from(found));
        },
      });
      return [command('get', 2), command('mget', -2), command('set', 3)].map(withCheckedKeys);
    },
  });
  t.ok(limit.tryAcquire());
  const [peer, other] = [await Peer.connect(t, server.port), await Peer.connect(t, server.port)];
  peer.send('GET a\r\nGET empty\r\nMGET a empty\r\nGET\r\n');
  const hits = "$5\r\nvalue\r\n$0\r\n\r\n$5\r\nvalue\r\n-ERR wrong number of arguments for 'get' command\r\n";
  t.equal(await peer.text(hits), hits);
  peer.send(`GET ""\r\nGET ${'k'.repeat(513)}\r\nMGET a ""\r\n`);
  const refused = '-ERR key must be 1 to 512 bytes long\r\n'.repeat(3);
  t.equal(await peer.text(refused), refused, 'what is no key');
  peer.send('MGET a b\r\nGET a\r\n');
  await until(() => limit.usage.waiting === 1);
  other.send('SET a b\r\n');
  await until(() => limit.usage.waiting === 2);
  t.strictSame(ran, ['a', 'empty', 'a']);
  limit.release();
  t.equal(await peer.text('$5\r\nvalue\r\n'.repeat(2)), '$5\r\nvalue\r\n'.repeat(2));
  t.equal(await other.text('$5\r\nvalue\r\n'), '$5\r\nvalue\r\n');
  t.strictSame(ran, ['a', 'empty', 'a', 'a', 'a', 'a']);
  t.match(limit.usage, { inFlight: 0, waiting: 0 });
  t.match(server.state.row(0), { rejected: 0 });
});
