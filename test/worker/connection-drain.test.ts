/** Ending the connections of a listener: in which order, and what becomes of requests in each state. */
import { once } from 'node:events';
import http, { type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { ConnectionDrain } from '../../src/worker/connection-drain.js';

async function listening(
  t: Test,
  onRequest: RequestListener,
): Promise<{ server: Server; drain: ConnectionDrain; port: number }> {
  const server = http.createServer(onRequest);
  const drain = new ConnectionDrain(server, () => false);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, drain, port: (server.address() as AddressInfo).port };
}

async function client(t: Test, port: number): Promise<{ socket: Socket; received: Promise<string> }> {
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  const received = new Promise<string>((resolve, reject) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
  await once(socket, 'connect');
  return { socket, received };
}

const REQUEST = 'GET / HTTP/1.1\r\nhost: test\r\n\r\n';

t.test('without connections it is over at once', async (t) => {
  const { drain, server } = await listening(t, (_, response) => response.end());
  t.equal(await drain.drain(5_000), 0);
  t.equal(server.listening, false);
});

t.test('connections in the accept queue are accepted and served', async (t) => {
  const { drain, port } = await listening(t, (_, response) => response.end('served'));
  // All in one tick of this very thread, which serves them too: none can have been accepted before the drain.
  const sockets = Array.from({ length: 200 }, () => connect(port, '127.0.0.1'));
  const answers = sockets.map(
    (socket) =>
      new Promise<string>((resolve) => {
        socket.on('error', (error) => resolve(error.message));
        socket.on('data', (chunk) => resolve(chunk.toString('latin1')));
        socket.write(REQUEST);
      }),
  );
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  await drain.drain(5_000);
  for (const answer of await Promise.all(answers)) t.match(answer, /connection: close.*served/is);
});

t.test(
  'requests that come while the listener closes are answered after that, by the same handlers',
  async (t) => {
    const states: boolean[] = [];
    const { drain, port, server } = await listening(t, (_, response) => {
      states.push(server.listening);
      response.end('served');
    });
    const { socket, received } = await client(t, port);
    const drained = drain.drain(5_000);
    socket.write(REQUEST);
    t.match(await received, /connection: close/i);
    t.equal(await drained, 0);
    t.strictSame(states, [false]);
  },
);

t.test('a request that is half received is waited for', async (t) => {
  const { drain, port, server } = await listening(t, (_, response) => response.end('served'));
  const accepted = once(server, 'connection');
  const { socket, received } = await client(t, port);
  socket.write(REQUEST.slice(0, 10));
  await accepted;
  const drained = drain.drain(5_000);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  socket.write(REQUEST.slice(10));
  t.match(await received, /served/);
  t.equal(await drained, 0);
});

t.test('what is in flight at the limit is cut off and counted, idle connections are not', async (t) => {
  const { drain, port, server } = await listening(t, (request, response) => {
    if (request.url === '/') response.end('served');
  });
  const idle = await client(t, port);
  idle.socket.write(REQUEST);
  await once(idle.socket, 'data');
  const stuck = await client(t, port);
  const isReceived = once(server, 'request');
  stuck.socket.write('GET /stuck HTTP/1.1\r\nhost: test\r\n\r\n');
  await isReceived;
  await Promise.all([
    idle.received,
    stuck.received.then((text) => t.equal(text, '')),
    drain.drain(300).then((cut) => t.equal(cut, 1)),
  ]);
});

t.test('of pipelined requests the last answer announces the end', async (t) => {
  const { drain, port, server } = await listening(t, (_, response) => {
    setTimeout(() => response.end('served'), 300);
  });
  const { socket, received } = await client(t, port);
  socket.write(REQUEST + REQUEST);
  await once(server, 'request');
  await drain.drain(5_000);
  const answers = (await received).split('HTTP/1.1 200 OK').slice(1);
  t.equal(answers.length, 2);
  t.match(answers[1], /connection: close/i);
});
