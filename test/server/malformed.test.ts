/** What is no HTTP, or takes too long to become it: an answer that can be read, and the end of the connection. */
import net from 'node:net';
import t from 'tap';
import { RateLimit } from '../../src/limits/rate.js';
import { RawClient, serve, until } from './server-under-test.js';

t.test('malformed requests', async (t) => {
  const { connect, ask, state } = await serve(t);
  const cases: [name: string, bytes: string | Uint8Array, status: number][] = [
    ['no HTTP at all', 'hello there\r\n\r\n', 400],
    ['a TLS hello', Buffer.from('16030100a5010000a1', 'hex'), 400],
    ['a Redis command', '*1\r\n$4\r\nPING\r\n', 400],
    ['a method that is none', 'GETT / HTTP/1.1\r\nHost: h\r\n\r\n', 400],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['no host, and a body', 'PUT /store/k HTTP/1.1\r\nContent-Length: 2\r\n\r\nab', 400],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: h\r\nhOST: h\r\n\r\n', 400],
    ['a host with a space', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
    ['a host with a path', 'GET /healthz HTTP/1.1\r\nHost: h/x\r\n\r\n', 400],
    ['a host with a user', 'GET / HTTP/1.0\r\nHost: me@h\r\n\r\n', 400],
    ['a host of other bytes', Buffer.from('GET / HTTP/1.1\r\nHost: hü\r\n\r\n'), 400],
    ['HTTP/2 in the words of HTTP/1.1', 'GET /get/k HTTP/2.0\r\nHost: h\r\n\r\n', 400],
    ['the same with a body', 'PUT /store/k HTTP/2.0\r\nHost: h\r\nContent-Length: 2\r\n\r\nab', 400],
    ['HTTP/0.9', 'GET / HTTP/0.9\r\nHost: h\r\n\r\n', 400],
    ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: h\r\n\r\n', 400],
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
      t.match(JSON.parse(answer.text), { statusCode: status, error: String, message: String });
      t.match(answer.headers, {
        'content-length': String(answer.body.length),
        'content-type': 'application/json; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-cache',
        date: / GMT$/,
      });
      client.socket.end();
      if (status !== 417) t.equal(await client.end(), '', 'nothing else, then the end');
      client.destroy();
    });
  }
  t.equal((await ask('GET', '/')).status, 200, 'the server is well');
  await until(() => state.row(0).openConnections === 0);
});

t.test('what is odd and still well formed', async (t) => {
  const { connect } = await serve(t);
  const client = await connect();
  for (const host of ['', 'h', 'a.b-c_d.example:80', '127.0.0.1:3000', '[::1]:3000', '%C3%BC', 'a,b']) {
    await client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    t.equal((await client.answer()).status, 200, host);
  }
  await client.send('GET / HTTP/1.0\r\n\r\n');
  t.equal((await client.answer()).status, 200, 'HTTP/1.0 without a host');
});

t.test('a version that is none is no failure of the server, whatever is limited', async (t) => {
  const failures: object[] = [];
  const rate = RateLimit.attach(RateLimit.create({ rate: 1_000 }));
  const { connect, state } = await serve(t, { rate, logger: { error: (details) => failures.push(details) } });
  const client = await connect();
  await client.send('GET /lookup?key=k HTTP/2.0\r\nHost: h\r\n\r\n');
  t.equal((await client.answer()).status, 400);
  t.strictSame([failures, state.row(0).errors], [[], 0]);
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

t.test('requests behind the malformed one are not looked at', async (t) => {
  const { connect, cache } = await serve(t);
  const behind = 'PUT /store/k HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nv';
  for (const malformed of [
    'nonsense\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'GET / HTTP/2.0\r\nHost: h\r\n\r\n',
  ]) {
    for (const before of ['', 'GET /stats HTTP/1.1\r\nHost: h\r\n\r\n']) {
      const client = await connect();
      await client.send(before + malformed + behind + behind);
      if (before !== '') t.equal((await client.answer()).status, 200, `before ${malformed}`);
      t.equal((await client.answer()).status, 400, malformed);
      t.equal(await client.end(), '', malformed);
      t.notOk(cache.map.has('k'), malformed);
    }
  }
});

t.test('a body behind no host, without end, is not waited for', async (t) => {
  const { connect, state } = await serve(t);
  const client = await connect();
  await client.send(
    'GET / HTTP/1.1\r\nHost: h\r\n\r\nPUT /store/k HTTP/1.1\r\nContent-Length: 100000000000\r\n\r\nv',
  );
  t.equal((await client.answer()).text, 'Hello, World!');
  t.equal((await client.answer()).status, 400);
  await client.send('v'.repeat(1_000_000));
  client.socket.end();
  t.equal(await client.end(), '', 'ended, not reset');
  await until(() => state.row(0).openConnections === 0);
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
