/** What is replied to commands, type by type, by both versions of the protocol; and a real Redis replies the same. */
import t, { type Test } from 'tap';
import { startRedis } from '../store/fixtures/redis-server.js';
import { startBothPorts } from './program.js';
import { ROWS } from './replies-table.js';
import { TypedConnection } from './typed-replies.js';

const [{ port }, redis] = await Promise.all([startBothPorts(t), startRedis(t)]);

async function spoken(t: Test, port: number, protocol: 2 | 3): Promise<TypedConnection> {
  const connection = await TypedConnection.open(t, port);
  await connection.ask(`HELLO ${protocol}`);
  await connection.ask('FLUSHALL');
  return connection;
}

for (const protocol of [2, 3] as const) {
  for (const [name, port_, isOld] of [
    ['hotshard', port, false],
    ['Redis', redis.port, true],
  ] as const) {
    t.test(`${name}, RESP${protocol}`, async (t) => {
      const connection = await spoken(t, port_, protocol);
      const rows = ROWS.filter(({ isRecent }) => !isOld || !isRecent);
      const replies = rows.map(({ command }) => connection.ask(command));
      for (const [i, { command, reply }] of rows.entries()) {
        const expected = reply[protocol];
        if (typeof expected === 'string') t.equal(await replies[i], expected, command);
        else t.match(await replies[i], expected, command);
      }
    });
  }
}

t.test('HELLO changes what comes after it', async (t) => {
  const connection = await TypedConnection.open(t, port);
  const told = (open: string, colon: string, protocol: number, close: string) =>
    new RegExp(
      [
        `^${open}\\$server${colon}\\$redis`,
        `\\$version${colon}\\$\\d+\\.\\d+\\.\\d+`,
        `\\$proto${colon}:${protocol}`,
        `\\$id${colon}:\\d+`,
        `\\$mode${colon}\\$standalone`,
        `\\$role${colon}\\$master`,
        `\\$modules${colon}\\[\\]${close}$`,
      ].join(', '),
    );
  t.match(await connection.ask('HELLO'), told('\\[', ', ', 2, '\\]'));
  t.match(await connection.ask('HELLO 3 SETNAME me'), told('\\{', ': ', 3, '\\}'));
  t.equal(await connection.ask('GET none'), '_');
  t.equal(await connection.ask('CLIENT GETNAME'), '$me');
  t.match(await connection.ask('INFO server'), /^=txt:# Server\r\nredis_version:/);
  t.match(await connection.ask('CLIENT INFO'), /^=txt:id=\d+ addr=/);
  t.match(await connection.ask('CLIENT LIST'), /^=txt:id=\d+ addr=/);
  t.match(await connection.ask('COMMAND DOCS get'), /^\{\$get: \{\$summary: \$/);
  t.match(await connection.ask('CLIENT ID'), /^:\d+$/);
  t.match(await connection.ask('HELLO 2'), told('\\[', ', ', 2, '\\]'));
  t.equal(await connection.ask('GET none'), 'nil');
  t.match(await connection.ask('INFO server'), /^\$# Server/);
});
