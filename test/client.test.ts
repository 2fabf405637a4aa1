/** The calls to a server: what goes over the wire, and how failures are told. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { type Test, test } from 'tap';
import { CacheClient, ClientError, parseServerUrl } from '../src/client.js';
import { hotshard } from './bin/fixtures/run.js';
import { makeCertificate } from './store/fixtures/certificate.js';
import { startHotshard } from './store/fixtures/hotshard.js';

async function listen(t: Test, server: Server, host = '127.0.0.1'): Promise<URL> {
  server.listen(0, host);
  await once(server, 'listening');
  t.teardown(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return new URL(`http://${host.includes(':') ? `[${host}]` : host}:${address.port}`);
}

/** A client of a server that notes the request lines and answers with what the listener writes. */
async function recorded(t: Test, listener: RequestListener, base = '') {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    listener(request, response);
  });
  const url = await listen(t, server);
  return { client: new CacheClient(new URL(base, url)), requests };
}

test('a key is one segment of the path, whatever is in it', async (t) => {
  const { client, requests } = await recorded(t, (_request, response) => response.end());
  const keys: readonly [key: string, segment: string][] = [
    ['a', 'a'],
    ['a/b', 'a%2Fb'],
    ['a/../b', 'a%2F..%2Fb'],
    ['a?b#c', 'a%3Fb%23c'],
    ['%2F', '%252F'],
    [' ', '%20'],
    ['ä', '%C3%A4'],
    ['...', '...'],
    ['', ''],
  ];
  for (const [key] of keys) {
    await client.get(key);
    await client.set(key, new Uint8Array());
  }
  t.strictSame(
    requests,
    keys.flatMap(([, segment]) => [`GET /get/${segment}`, `PUT /store/${segment}`]),
  );
});

test('the keys . and .. are not lost as steps of a path', async (t) => {
  const { client, requests } = await recorded(t, (request, response) => {
    response.writeHead(request.method === 'DELETE' ? 204 : 200).end();
  });
  for (const key of ['.', '..']) {
    await client.get(key);
    await client.set(key, new Uint8Array(), 1000);
    await client.delete(key);
  }
  t.strictSame(requests, [
    'GET /?key=.',
    'PUT /store/%2E?ttl=1',
    'DELETE /store/%2E',
    'GET /?key=..',
    'PUT /store/%2E%2E?ttl=1',
    'DELETE /store/%2E%2E',
  ]);
});

test('a path of the URL stands before every path', async (t) => {
  for (const base of ['/v1', '/v1/', '/v1//']) {
    const { client, requests } = await recorded(t, (_request, response) => response.end('{}'), base);
    await client.get('k');
    await client.get('.');
    await client.stats();
    t.strictSame(requests, ['GET /v1/get/k', 'GET /v1/?key=.', 'GET /v1/stats'], base);
  }
});

test('a server on an IPv6 address is reached', async (t) => {
  const server = createServer((request, response) => response.end(request.headers.host));
  const url = await listen(t, server, '::1').catch(() => undefined);
  if (url === undefined) {
    t.pass('this machine has no IPv6');
    return;
  }
  t.equal(Buffer.from((await new CacheClient(url).get('k')) ?? []).toString(), url.host);
});

test('a server over TLS is reached when its certificate is trusted, and only then', async (t) => {
  const { certificate, key } = makeCertificate(t.testdir());
  const server = await startHotshard(t, { workers: 0, args: ['--tls-cert', certificate, '--tls-key', key] });
  const url = String((await server.logged('hotshard serves on')).address);
  t.match(url, /^https:/);
  // What a program trusts beside the authorities of Node is said before it starts.
  const trusting = { environment: { NODE_EXTRA_CA_CERTS: certificate } };
  const run = (...words: string[]) => hotshard([...words, '--url', url], trusting);
  t.match(await run('set', 'k', 'value'), { code: 0, stderr: '' });
  t.strictSame(await run('get', 'k'), { code: 0, stdout: Buffer.from('value'), stderr: '' });
  t.match(await run('get', 'absent'), { code: 1 });

  const stranger = await hotshard(['get', 'k', '--url', url]);
  t.match(stranger.stderr, /^hotshard: cannot talk to https:\/\/[^\n]* self-signed certificate[^\n]*\n$/);
  const plain = await hotshard(['get', 'k', '--url', url.replace('https:', 'http:')]);
  t.match(plain.stderr, /^[^\n]*answered 400 Bad Request: this port speaks TLS[^\n]*\n$/);
  for (const { code, stdout } of [stranger, plain]) t.strictSame([code, stdout.length], [1, 0]);
});

test('404 is an absent key to get and delete, and an error to set and stats', async (t) => {
  const { client } = await recorded(t, (_request, response) => {
    response.writeHead(404).end('{"statusCode":404,"error":"Not Found","message":"Not Found"}');
  });
  t.equal(await client.get('k'), undefined);
  t.equal(await client.delete('k'), false);
  await t.rejects(client.set('k', new Uint8Array()), {
    name: 'ClientError',
    message: /answered 404 Not Found/,
  });
  await t.rejects(client.stats(), ClientError);
});

test('the message of a refusal is one line of bounded length', async (t) => {
  const { client } = await recorded(t, (_request, response) => {
    response.writeHead(400).end(`<html>\n\n\u001b[31m${'x'.repeat(10_000)}`);
  });
  const error = await client.get('k').catch((reason: unknown) => reason);
  t.ok(error instanceof ClientError);
  t.match(error, { message: /answered 400 Bad Request: <html> \[31mxxx/ });
  t.notMatch(error, { message: /\p{Cc}/u });
  t.ok(error instanceof Error && error.message.length < 500);
});

test('statistics that are no JSON are an error', async (t) => {
  const { client } = await recorded(t, (_request, response) => response.end('<html>'));
  await t.rejects(client.stats(), { name: 'ClientError', message: /did not answer with JSON/ });
});

test('a server that is silent is given up after a time', async (t) => {
  const url = await listen(
    t,
    createTcpServer((socket) => t.teardown(() => socket.destroy())),
  );
  await t.rejects(new CacheClient(url, { silenceLimit: 50 }).get('k'), {
    name: 'ClientError',
    message: /no answer for 0\.05 s/,
  });
});

test('an answer that breaks off is an error, never a shorter value', async (t) => {
  const url = await listen(
    t,
    createTcpServer((socket) => {
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc');
    }),
  );
  await t.rejects(new CacheClient(url).get('k'), { name: 'ClientError', message: /cannot talk to/ });
});

test('what is no HTTP is an error', async (t) => {
  const url = await listen(
    t,
    createTcpServer((socket) => {
      socket.end('-ERR unknown command\r\n');
    }),
  );
  await t.rejects(new CacheClient(url).get('k'), { name: 'ClientError', message: /cannot talk to/ });
});

test('a server without TLS, addressed as one with it, is an error of one line', async (t) => {
  const server = createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const url = await listen(t, server);
  const client = new CacheClient(new URL(`https://${url.host}`));
  await t.rejects(client.get('k'), {
    constructor: ClientError,
    message: /^cannot talk to \S+: [^\n]*[^\s]$/,
  });
});

test('a server URL is http or https, without credentials, query or fragment', async (t) => {
  for (const text of ['http://localhost', 'https://cache.example.com/v1', 'http://[::1]:3000/']) {
    t.equal(parseServerUrl(text)?.href, new URL(text).href, text);
  }
  for (const text of [
    '',
    'localhost:3000',
    'redis://localhost',
    'http://',
    'http://a@b',
    'http://a/?b',
    'http://a/#b',
  ]) {
    t.equal(parseServerUrl(text), undefined, text);
  }
});
