/** Clients that do not say what they want: in time, or before they end their side. What the HTTP server says to them. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { FirstBytes, type Lack } from '../../src/worker/first-bytes.js';
import { PREFACE } from '../server/http2-client.js';
import { serve, speak, type UnderTest, until } from '../server/server-under-test.js';
import { madeIdentity } from '../server/tls-identity.js';
import { serveLane } from '../wire/lane-under-test.js';

/** All that a server sends to a client that ends its side after these bytes, but for the time. */
async function answerTo(server: Pick<UnderTest, 'connect'>, bytes: string): Promise<string> {
  const client = await server.connect();
  await client.send(bytes);
  client.socket.end();
  return (await client.end()).replace(/^date: .*$/im, 'date: any');
}

async function servers(t: Test) {
  speak('h2c');
  const front = await serve(t);
  speak('http/1.1');
  return { front, http1: await serve(t), lane: await serveLane(t) };
}

t.test('a preface of HTTP/2 that breaks off is a request that breaks off', async (t) => {
  const { front, http1, lane } = await servers(t);
  for (const length of [1, 3, 8, 16, 18, 23]) {
    const bytes = PREFACE.slice(0, length);
    const expected = await answerTo(http1, bytes);
    t.match(expected, /^HTTP\/1.1 400 .*connection: close/s, JSON.stringify(bytes));
    t.equal(await answerTo(front, bytes), expected, `${length} bytes`);
    t.equal(await answerTo(lane, bytes), expected, `${length} bytes, with the fast lane`);
  }
  t.equal(await answerTo(front, ''), '', 'who has said nothing is told nothing');
  t.equal(await answerTo(lane, ''), '');
  for (const { state } of [front, lane]) await until(() => state.row(0).openConnections === 0);
});

t.test('who should speak TLS, and ends before it does, is told nothing', async (t) => {
  const server = await serveLane(t, { identity: madeIdentity(t) });
  t.equal(await answerTo(server, ''), '');
  await until(() => server.state.row(0).openConnections === 0);
});

t.test('who has been given up is not listened to any more', async (t) => {
  const lacks: Lack[] = [];
  const first = new FirstBytes((socket, lack) => {
    lacks.push(lack);
    socket.on('error', () => {}).resume();
  });
  const judged: string[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) =>
    first.await(socket, (bytes) => {
      judged.push(bytes.toString());
      return undefined;
    }),
  );
  t.teardown(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  t.teardown(() => client.destroy());
  const [socket] = await accepted;
  client.write('PRI');
  await until(() => judged.length > 0);
  first.giveUpAfter(60_000);
  t.strictSame(lacks, [], 'there is time left');
  first.giveUpAfter(0);
  client.end(' * HTTP');
  await once(socket, 'end');
  t.strictSame([judged, lacks], [['PRI'], [408]]);
  socket.destroy();
});
