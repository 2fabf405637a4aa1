/** Passwords and TLS, by ioredis, node-redis and redis-cli. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import t from 'tap';
import { makeCertificate } from '../store/fixtures/certificate.js';
import { startHotshard } from '../store/fixtures/hotshard.js';
import { addressesOf, outputOf } from './program.js';

const { certificate, key } = makeCertificate(t.testdir({}));
const hotshard = await startHotshard(t, {
  workers: 1,
  args: [
    ...['--resp-port', '0', '--tls-cert', certificate, '--tls-key', key],
    ...['--auth-token', 'secret', '--read-only-token', 'look'],
  ],
});
const { port } = await addressesOf(hotshard);
const host = '127.0.0.1';
const ca = readFileSync(certificate);
const NO_PERMISSION = "NOPERM User default has no permissions to run the 'set' command";

for (const protocol of [2, 3] as const) {
  t.test(`ioredis, RESP${protocol}`, async (t) => {
    const clientOf = (credentials: { username?: string; password?: string }) => {
      const client = new Redis({ host, port, tls: { ca }, protocol, retryStrategy: null, ...credentials });
      client.on('error', () => {}); // the command tells
      t.teardown(() => client.disconnect());
      return client;
    };
    t.equal(await clientOf({ password: 'secret' }).set('k', 'v'), 'OK');
    const reader = clientOf({ username: 'default', password: 'look' });
    t.equal(await reader.get('k'), 'v');
    await t.rejects(reader.set('k', 'w'), { message: NO_PERMISSION });
    await t.rejects(clientOf({ password: 'wrong' }).get('k'), {
      message: /^WRONGPASS invalid username-pass/,
    });
    await t.rejects(clientOf({}).get('k'), { message: /^NOAUTH / });
  });

  t.test(`node-redis, RESP${protocol}`, async (t) => {
    const socket = { host, port, tls: true, ca, reconnectStrategy: false } as const;
    const clientOf = async (credentials: { username?: string; password?: string }) => {
      const client = createClient({ socket, RESP: protocol, ...credentials });
      client.on('error', () => {}); // connecting tells
      t.teardown(() => client.destroy());
      return await client.connect();
    };
    const redis = await clientOf({ password: 'secret' });
    t.equal(await redis.set('k', 'v'), 'OK');
    const reader = await clientOf({ username: 'default', password: 'look' });
    t.equal(await reader.get('k'), 'v');
    await t.rejects(reader.set('k', 'w'), { message: NO_PERMISSION });
    await t.rejects(clientOf({ password: 'wrong' }), { message: /^WRONGPASS / });
    await t.rejects(
      clientOf({}).then((stranger) => stranger.get('k')),
      { message: /^NOAUTH / },
    );
  });
}

t.test('who does not trust the certificate does not connect', async (t) => {
  const redis = new Redis({ host, port, tls: {}, retryStrategy: null, lazyConnect: true });
  t.teardown(() => redis.disconnect());
  const failed = once(redis, 'error');
  redis.connect().catch(() => {});
  t.match(await failed, [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }]);
});

t.test('redis-cli', async (t) => {
  const ask = (...words: string[]) =>
    outputOf('redis-cli', [
      '-p',
      String(port),
      '--tls',
      '--cacert',
      certificate,
      '--no-auth-warning',
      ...words,
    ]);
  t.equal(await ask('-a', 'secret', 'set', 'k', 'v'), 'OK\n');
  t.equal(await ask('-3', '--user', 'default', '--pass', 'look', 'get', 'k'), 'v\n');
  t.match(await ask('get', 'k'), /^NOAUTH Authentication required/);
});
