/** The load's connection: one answer for each request, however it arrives, and word of those that don't. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { type Test, test } from 'tap';
import { httpHead } from '../../../src/bench/load/answers.js';
import { Connection, NO_ANSWER } from '../../../src/bench/load/connection.js';
import { freePort } from '../../../src/bench/load/server.js';

/** A server that does with each connection what the test says. */
async function serverOf(t: Test, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return address.port;
}

function connectionTo(t: Test, port: number): Connection {
  const connection = new Connection(port, httpHead);
  t.teardown(() => connection.close());
  return connection;
}

const ask = (connection: Connection) =>
  new Promise<{ status: number; body: string }>((resolve) => {
    connection.send({ text: 'request' }, (status, body) => resolve({ status, body: body.toString() }));
  });

test('an answer that comes in pieces is one answer', async (t) => {
  const pieces = ['HTTP/1.1 200 OK\r\nContent-', 'Length: 5\r\n\r', '\nval', 'ue'];
  const port = await serverOf(t, (socket) => {
    const next = () => socket.write(pieces.shift() ?? '', () => pieces.length > 0 && setImmediate(next));
    socket.once('data', next);
  });
  t.strictSame(await ask(connectionTo(t, port)), { status: 200, body: 'value' });
});

test('the connection serves one request after another', async (t) => {
  let connections = 0;
  const port = await serverOf(t, (socket) => {
    connections++;
    let count = 0;
    socket.on('data', () => socket.write(`HTTP/1.1 404 Not Found\r\ncontent-length: 1\r\n\r\n${count++}`));
  });
  const connection = connectionTo(t, port);
  await connection.open();
  t.strictSame(await ask(connection), { status: 404, body: '0' });
  t.strictSame(await ask(connection), { status: 404, body: '1' });
  t.equal(connections, 1);
});

test('where the server ends it after an answer, the next request opens another', async (t) => {
  let connections = 0;
  const port = await serverOf(t, (socket) => {
    connections++;
    socket.once('data', () =>
      socket.end('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
    );
  });
  const connection = connectionTo(t, port);
  t.strictSame(await ask(connection), { status: 503, body: '' });
  t.strictSame(await ask(connection), { status: 503, body: '' });
  t.equal(connections, 2);
});

test('a connection that is lost, or refused, gives no answer', async (t) => {
  const port = await serverOf(t, (socket) => socket.once('data', () => socket.destroy()));
  t.equal((await ask(connectionTo(t, port))).status, NO_ANSWER);
  const closed = await freePort();
  t.equal((await ask(connectionTo(t, closed))).status, NO_ANSWER);
  await t.rejects(connectionTo(t, closed).open(), { code: 'ECONNREFUSED' });
});

test('a body that is too long to be kept is counted to its end', async (t) => {
  const long = Buffer.alloc(200_000, 'x');
  const port = await serverOf(t, (socket) => {
    let count = 0;
    socket.on('data', () => {
      const body = count++ === 0 ? long : 'short';
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
      socket.write(body);
    });
  });
  const connection = connectionTo(t, port);
  t.strictSame(await ask(connection), { status: 200, body: '' });
  t.strictSame(await ask(connection), { status: 200, body: 'short' }, 'nothing of the first is left');
});

test('a request with a long value is sent whole', async (t) => {
  let received = '';
  const port = await serverOf(t, (socket) =>
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (received.endsWith('end')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    }),
  );
  const value = 'v'.repeat(300_000);
  const connection = connectionTo(t, port);
  const status = await new Promise((resolve) => {
    connection.send({ text: 'head ', body: [Buffer.from(value), 'end'] }, resolve);
  });
  t.equal(status, 200);
  t.ok(received === `head ${value}end`);
});
