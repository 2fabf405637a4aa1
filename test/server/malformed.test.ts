/** What is no HTTP, or takes too long to become it: an answer that can be read, and the end of the connection. */
import net from 'node:net';
import t from 'tap';
import { RawClient, serve, until } from './server-under-test.js';

t.test('malformed requests', async (t) => {
  const { connect, ask, state } = await serve(t);
  const cases: [name: string, bytes: string | Uint8Array, status: number][] = [
    ['no HTTP at all', 'hello there\r\n\r\n', 400],
    ['a TLS hello', Buffer.from('16030100a5010000a1', 'hex'), 400],
    ['a Redis command', '*1\r\n$4\r\nPING\r\n', 400],
    ['a method that is none', 'GETT / HTTP/1.1\r\nHost: h\r\n\r\n', 400],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['bytes that should be encoded', Buffer.from('GET /get/ü HTTP/1.1\r\nHost: h\r\n\r\n'), 400],
    ['a space in the path', 'GET /get/a b HTTP/1.1\r\nHost: h\r\n\r\n', 400],
    ['a header that is none', 'GET / HTTP/1.1\r\nHost: h\r\nno header\r\n\r\n', 400],
    [
      'both lengths',
      'POST /store/k HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    [
      'two lengths',
      'POST /store/k HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ],
    ['a length that is none', 'POST /store/k HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n', 400],
    [
      'a chunk that is none',
      'POST /store/k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
      400,
    ],
    ['a path without end', `GET /get/${'k'.repeat(200_000)}`, 431],
    ['headers without end', `GET / HTTP/1.1\r\nHost: h\r\n${'a: b\r\n'.repeat(40_000)}`, 431],
    ['CONNECT', 'CONNECT example.com:80 HTTP/1.1\r\nHost: h\r\n\r\n', 405],
    ['another expectation', 'GET / HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\n\r\n', 417],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n', 400],
  ];
  for (const [name, bytes, status] of cases) {
    await t.test(name, async (t) => {
      const client = await connect();
      await client.send(bytes);
      const answer = await client.answer();
      t.equal(answer.status, status);
      if (status !== 417) t.equal(answer.headers.connection, 'close');
      t.notMatch(answer.text, /node|HPE|stack/i);
      client.socket.end();
      if (status !== 417) t.match(await client.end(), /^(0\r\n\r\n)?$/, 'nothing else, then the end');
      client.destroy();
    });
  }
  t.equal((await ask('GET', '/')).status, 200, 'the server is well');
  await until(() => state.row(0).openConnections === 0);
});

t.test('requests before the malformed one keep their answers', async (t) => {
  const { connect } = await serve(t);
  const client = await connect();
  await client.send(
    'GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /healthz HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n\r\n',
  );
  t.equal((await client.answer()).text, 'Hello, World!');
  t.equal((await client.answer()).text, 'ok');
  t.equal((await client.answer()).status, 400);
  t.equal(await client.end(), '');
});

t.test(
  'what is pipelined behind an answer that ends the connection gets none, and harms nobody',
  async (t) => {
    const { connect, ask } = await serve(t);
    const client = await connect();
    // The first is answered by `connection: close`, since its body was not asked for; the rest came with it.
    await client.send(
      [
        'GET /get/k HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n',
        'POST /store/k% HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab',
        'GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n',
        'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
      ].join(''),
    );
    const { status, headers } = await client.answer();
    t.strictSame([status, headers.connection], [404, 'close']);
    t.equal(await client.end(), '');
    t.equal((await ask('GET', '/')).text, 'Hello, World!');
  },
);

t.test('a client that is still sending can read the answer', async (t) => {
  const { connect, listener } = await serve(t);
  const client = await connect();
  client.socket.pause();
  const noticed = new Promise((resolve) => listener.once('clientError', resolve));
  await client.send(`GET /get/${'k'.repeat(20_000)}`);
  await noticed;
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10)); // time for a reset to arrive
    await client.send('k'.repeat(100_000));
  }
  client.socket.resume();
  t.equal((await client.answer()).status, 431);
  t.equal(await client.end(), '');
});

t.test('a request that takes too long is 408', async (t) => {
  const { connect } = await serve(t, { timeouts: { headersTimeout: 100, requestTimeout: 200 } });
  const silent = await connect();
  const headers = await connect();
  await headers.send('GET / HTTP/1.1\r\nHost: h\r\n');
  const body = await connect();
  await body.send('POST /store/k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nslow');
  for (const client of [silent, headers, body]) {
    const answer = await client.answer();
    t.equal(answer.status, 408);
    t.equal(answer.headers.connection, 'close');
  }
});

t.test('connections handed over are served, counted once, and watched like others', async (t) => {
  const { handOver, state } = await serve(t, {
    listens: false,
    timeouts: { headersTimeout: 100, requestTimeout: 200 },
  });
  const front = net.createServer((socket) => {
    socket.once('data', (bytes) => {
      socket.pause();
      socket.unshift(bytes);
      handOver(socket);
    });
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  t.teardown(() => front.close());
  const client = await RawClient.connect((front.address() as net.AddressInfo).port);
  t.teardown(() => client.destroy());
  await client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\n');
  t.equal((await client.answer()).text, 'Hello, World!');
  t.equal(state.row(0).connections, 0);
  t.equal(state.row(0).openConnections, 0);
  t.equal((await client.answer()).status, 408);
});
