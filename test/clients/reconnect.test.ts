/** Clients come back after the death of their worker, to what was stored. */
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import t from 'tap';
import { startReady } from '../store/fixtures/hotshard.js';
import { addressesOf } from './program.js';

t.test('ioredis and node-redis', async (t) => {
  const hotshard = await startReady(t, { workers: 1, isMortal: true, args: ['--resp-port', '0'] });
  const { port } = await addressesOf(hotshard);
  const host = '127.0.0.1';
  const one = new Redis({ host, port, retryStrategy: () => 20, maxRetriesPerRequest: null });
  const other = createClient({ socket: { host, port, reconnectStrategy: () => 20 } });
  // While nobody listens.
  for (const client of [one, other]) client.on('error', () => {});
  t.teardown(() => {
    one.disconnect();
    other.destroy();
  });
  await other.connect();
  await one.set('k', 'v');
  const ids = [await one.client('ID'), await other.clientId()];
  await hotshard.client.ask('POST', '/die').catch(() => {});
  await hotshard.logged('worker died');
  t.equal(await one.get('k'), 'v');
  t.equal(await other.get('k'), 'v');
  for (const id of [await one.client('ID'), await other.clientId()]) t.notOk(ids.includes(id));
});
