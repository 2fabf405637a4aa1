/** The log of the whole program at its lower levels: when requests are in it, and what never is, at `trace` either. */
import { randomBytes } from 'node:crypto';
import http2 from 'node:http2';
import t from 'tap';
import { type Hotshard, startHotshard } from '../store/fixtures/hotshard.js';
import { startRedis } from '../store/fixtures/redis-server.js';
import { until } from '../store/fixtures/until.js';

const requestLines = ({ log }: Hotshard) => log.filter(({ msg }) => msg === 'request');

t.test('SIGUSR2 has all requests logged, by all workers, and no more at the next', async (t) => {
  for (const workers of [0, 2]) {
    const hotshard = await startHotshard(t, { workers });
    // Connected before the level changes: the fast lane has them.
    const clients = workers === 0 ? [hotshard.client] : await hotshard.clients();
    for (const client of clients) await client.set('k', 'value');
    t.equal(requestLines(hotshard).length, 0, 'at info there are none');

    hotshard.kill('SIGUSR2');
    t.match(await hotshard.logged('SIGUSR2: the log level is debug'), { from: 'info', to: 'debug' });
    for (const [worker, client] of clients.entries()) {
      // Workers are told by message: the first requests may be before it.
      await until(async () => {
        await client.get('k');
        return requestLines(hotshard).some((line) => workers === 0 || line.worker === worker);
      });
      const before = requestLines(hotshard).length;
      for (let i = 0; i < 5; i++) await client.get('k');
      await until(() => requestLines(hotshard).length >= before + 5);
    }

    hotshard.kill('SIGUSR2');
    await hotshard.logged('SIGUSR2: the log level is info');
    const [client] = clients;
    let logged = -1;
    await until(async () => {
      const before = logged;
      logged = requestLines(hotshard).length;
      for (let i = 0; i < 5; i++) await client?.get('k');
      return logged === before;
    });
    hotshard.kill('SIGTERM');
    t.equal(await hotshard.ended, 0);
    t.equal(requestLines(hotshard).filter(({ level }) => level !== 20).length, 0);
  }
});

t.test('a worker that replaces another logs as the others do', async (t) => {
  const redis = await startRedis(t);
  const hotshard = await startHotshard(t, { workers: 1, isMortal: true, args: ['--redis', redis.url] });
  hotshard.kill('SIGUSR2');
  await hotshard.logged('SIGUSR2: the log level is debug');
  await hotshard.client.ask('POST', '/die').catch(() => undefined);
  await hotshard.logged('worker died');
  await until(async () => (await hotshard.client.get('k').catch(() => undefined)) !== undefined);
  await until(() => requestLines(hotshard).length > 0);
  t.match(requestLines(hotshard).at(-1), { worker: 0, route: '/get/{key}' });
});

t.test('no value, no token and no password is in the log, at trace either', async (t) => {
  const redis = await startRedis(t, { password: 'password-5ecret' });
  const args = ['--log-level', 'trace', '--redis', redis.url, '--max-value-size', '1000'];
  const env = { HOTSHARD_AUTH_TOKEN: 'token-5ecret', HOTSHARD_READ_ONLY_TOKEN: 'reader-5ecret' };
  const hotshard = await startHotshard(t, { args, env });
  const url = String(hotshard.log.find(({ address }) => address !== undefined)?.address);
  await until(async () => (await fetch(`${url}/readyz`)).status === 200);
  const value = `value-5ecret-${randomBytes(8).toString('hex')}`;
  const headers = { authorization: 'Bearer token-5ecret', cookie: 'c=5ecret', 'x-request-id': 'bad 5ecret' };
  const ask = (method: string, path: string, body?: string) =>
    fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }) });
  t.equal((await ask('PUT', '/store/k?ttl=5ecret', value)).status, 400);
  t.equal((await ask('PUT', '/store/k', value)).status, 200);
  t.equal(await (await ask('GET', '/get/k')).text(), value);
  await ask('PUT', '/store/k', value.repeat(100));
  await ask('GET', '/lookup?key=k&token=5ecret');
  await fetch(`${url}/get/k`, { headers: { authorization: 'Bearer wrong-5ecret' } });
  const session = http2.connect(url);
  const stream = session.request({ ':path': '/get/k', ...headers });
  stream.resume();
  await new Promise((resolve) => stream.once('close', resolve));
  session.destroy();
  await until(() => requestLines(hotshard).length >= 7);
  await redis.kill();
  t.equal((await ask('GET', '/get/other')).status, 503);
  hotshard.kill('SIGTERM');
  t.equal(await hotshard.ended, 0);
  const paths = requestLines(hotshard).map(({ path }) => path);
  t.ok(paths.includes('/get/k') && paths.includes('/lookup'), 'keys are there, at trace alone');
  t.notMatch(JSON.stringify(hotshard.log), /5ecret/);
});
