/** TLS at a worker's front: versions, plain text on its port, resumption, and the exchange of the certificate. */
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import tls, { type ConnectionOptions, type TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { Front } from '../../src/worker/front.js';
import type { TlsIdentity } from '../../src/worker/tls-door.js';
import { until } from './server-under-test.js';
import { madeIdentity } from './tls-identity.js';

const identity = madeIdentity(t, 'first');

interface Fronted {
  readonly front: Front;
  readonly port: number;
  readonly state: ProcessState;
}

/** A front whose servers say their name to each connection and send back what they get. */
async function fronted(t: Test, withIdentity: TlsIdentity, headersTimeout?: number): Promise<Fronted> {
  const state = ProcessState.create(1);
  const echo = (name: string) => (socket: Socket) => {
    socket.on('error', () => {});
    socket.write(name);
    socket.pipe(socket);
  };
  const front = new Front({
    state,
    worker: 0,
    identity: withIdentity,
    http1: echo('http1:'),
    http2: echo('http2:'),
    ...(headersTimeout === undefined ? {} : { headersTimeout }),
  });
  front.acceptor.listen(0, '127.0.0.1');
  await once(front.acceptor, 'listening');
  t.teardown(() => {
    front.acceptor.close();
  });
  return { front, port: (front.acceptor.address() as AddressInfo).port, state };
}

async function connected(t: Test, port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  t.teardown(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

/** What a client needs to resume a session later. */
async function sessionOf(t: Test, port: number, options: ConnectionOptions = {}): Promise<Buffer> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  t.teardown(() => socket.destroy());
  const [session] = await once(socket.resume(), 'session');
  return session as Buffer;
}

t.test('ALPN says who gets a connection', async (t) => {
  const { port } = await fronted(t, identity);
  const cases: [offered: string[] | undefined, agreed: string | false, taker: string][] = [
    [['h2', 'http/1.1'], 'h2', 'http2:'],
    [['http/1.1', 'h2'], 'h2', 'http2:'],
    [['http/1.1'], 'http/1.1', 'http1:'],
    [['http/1.0'], 'http/1.0', 'http1:'],
    [undefined, false, 'http1:'],
  ];
  for (const [offered, agreed, taker] of cases) {
    const client = await connected(t, port, offered === undefined ? {} : { ALPNProtocols: offered });
    t.equal(client.alpnProtocol, agreed);
    client.end('sent');
    t.equal(await text(client), `${taker}sent`, String(offered));
  }
  await t.rejects(connected(t, port, { ALPNProtocols: ['spdy/3'] }), 'nothing in common');
});

t.test('TLS 1.2 and 1.3, and nothing older', async (t) => {
  const { port, state } = await fronted(t, identity);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const client = await connected(t, port, { minVersion: version, maxVersion: version });
    t.equal(client.getProtocol(), version);
    client.end();
    await text(client);
  }
  // At security level 0 the client itself would be content with the older one.
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await t.rejects(connected(t, port, old), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  await until(() => state.row(0).openConnections === 0);
});

t.test('who speaks plain text is told so', async (t) => {
  const { port, state } = await fronted(t, identity);
  for (const request of ['GET / HTTP/1.1\r\nHost: h\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\0']) {
    const client = net.connect(port, '127.0.0.1');
    client.end(request);
    const answer = await text(client);
    t.match(answer, /^HTTP\/1.1 400 Bad Request\r\n/);
    t.match(JSON.parse(answer.slice(answer.indexOf('{'))), { statusCode: 400, message: /https:\/\// });
  }
  await until(() => state.row(0).openConnections === 0);
});

t.test('a handshake that does not begin, or does not go on, is ended in time', async (t) => {
  const { port, state } = await fronted(t, identity, 100);
  for (const bytes of [Buffer.alloc(0), Buffer.of(0x16), Buffer.of(0x16, 3, 1, 0, 200, 1, 0, 0, 196)]) {
    const client = net.connect(port, '127.0.0.1');
    client.write(bytes);
    client.on('error', () => {});
    await once(client.resume(), 'close');
  }
  await until(() => state.row(0).openConnections === 0);
});

t.test('a session begun with one worker is resumed with another', async (t) => {
  const workers = await Promise.all([0, 1].map(() => fronted(t, identity)));
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = { minVersion: version, maxVersion: version };
    const session = await sessionOf(t, workers[0]?.port ?? 0, options);
    const second = await connected(t, workers[1]?.port ?? 0, { ...options, session });
    t.ok(second.isSessionReused(), version);
  }
});

t.test('another certificate is for new connections, and ends what can be resumed', async (t) => {
  const { front, port } = await fronted(t, identity);
  const before = await connected(t, port);
  const session = await sessionOf(t, port);
  const second = madeIdentity(t, 'second');
  front.useIdentity(second);
  const after = await connected(t, port, { session });
  t.notOk(after.isSessionReused());
  const fingerprint = (socket: TLSSocket): string => socket.getPeerCertificate().fingerprint256;
  t.not(fingerprint(after), fingerprint(before));
  before.end('still there');
  t.equal(await text(before), 'http1:still there');
});
