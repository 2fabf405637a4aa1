/** SIGINT and SIGTERM, and connections of the Redis protocol; certificates of its port. */
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import http from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { ConnectionDrain } from '../../src/worker/connection-drain.js';
import { type Certificate, makeCertificate } from '../store/fixtures/certificate.js';
import { codeOf, SETUPS, startProgram } from './fixtures/harness.js';
import { respClient, secureRespClient } from './fixtures/resp-client.js';

const WORKERS = [0, 2];
const CONNECTIONS = 4;

const directory = t.testdir({ first: {}, second: {} });
const first = makeCertificate(join(directory, 'first'));
const second = makeCertificate(join(directory, 'second'));

function copy(from: Certificate, to: Certificate): void {
  copyFileSync(from.certificate, to.certificate);
  copyFileSync(from.key, to.key);
}

// Before the others begin: they must not be kept from their turns.
await t.test('connections in the accept queue of another acceptor are accepted too', async (t) => {
  const { drain, attach } = await otherAcceptor(t);
  // All in one tick of this very thread: none can have been accepted before the drain.
  const outcomes = Array.from({ length: 100 }, () => attach());
  t.equal(await drain.drain(5_000), 0);
  t.strictSame(new Set(await Promise.all(outcomes)), new Set(['welcome']));
});

await t.test('so are those that do not cease to come for a while', async (t) => {
  const { drain, attach } = await otherAcceptor(t);
  const outcomes: Promise<string>[] = [];
  const began = performance.now();
  // There is one in the queue all the time; a drain is not patient for longer than a second.
  const attachOn = (): void => {
    if (performance.now() - began < 400) outcomes.push(attach(attachOn));
  };
  attachOn();
  t.equal(await drain.drain(5_000), 0);
  t.strictSame(new Set(await Promise.all(outcomes)), new Set(['welcome']));
});

// They wait more than they work.
t.jobs = 4;

for (const setup of SETUPS) {
  for (const workers of WORKERS) {
    for (const isSecure of [false, true]) {
      const kind = isSecure ? ' with TLS' : '';
      t.test(`${setup.name}, ${workers} workers${kind}`, async (t) => {
        const tlsFiles = isSecure ? { tlsCert: first.certificate, tlsKey: first.key } : {};
        const config = { workers, respPort: 0, ...tlsFiles };
        const client = isSecure ? secureRespClient : respClient;
        const several = (port: number) =>
          Promise.all(Array.from({ length: CONNECTIONS }, () => client(t, port)));

        t.test('commands under way get their replies, idle connections end', async (t) => {
          const program = startProgram(t, setup, { config });
          const port = await program.respPort();
          const [idle, busy] = [await several(port), await several(port)];
          for (const { ask } of [...idle, ...busy]) t.equal(await ask('PING'), 'PONG');
          // With TLS longer than handshakes may take while it drains.
          const slow = busy.map(({ ask }) => ask(isSecure ? 'SLOW 1300' : 'SLOW 200'));
          for (const { ask } of idle) await ask('PING');
          const began = performance.now();
          program.kill('SIGTERM');
          for (const { ended } of idle) t.equal(await ended, undefined, 'no reset');
          const late = busy.map(({ ask }) => codeOf(ask('PING')));
          for (const reply of slow) t.equal(await reply, 'slow', 'after that');
          t.equal(await codeOf(client(t, port)), 'ECONNREFUSED');
          for (const { ended } of busy) t.equal(await ended, undefined);
          t.ok(performance.now() - began < 6_000, 'long before the limit');
          for (const outcome of late) t.equal(await outcome, 'ELOST', 'no command after them is begun');
          t.equal(await program.ended, 0);
          t.notOk(program.log.some(({ msg }) => msg.includes('cut off')));
          t.strictSame(program.noise, []);
        });

        t.test('commands that are stuck are cut off at the limit, and counted with requests', async (t) => {
          const program = startProgram(t, setup, { config, drainLimit: 500 });
          const url = await program.url();
          const port = await program.respPort();
          const stuck = (await several(port)).slice(1);
          for (const { ask } of stuck) t.equal(await ask('STUCK'), 'stuck');
          const ends = stuck.map(({ ended }) => ended);
          // The head of its answer has come, so it is under way.
          if (!isSecure) ends.push(codeOf(text(await begun(`${url}/stream?ms=60000`))));
          program.kill('SIGTERM');
          t.equal(await program.ended, 0);
          const { connections } = await program.logged('requests in flight were cut off');
          t.equal(connections, ends.length);
          await Promise.all(ends);
        });
      });
    }

    t.test(`${setup.name}, ${workers} workers: certificates`, async (t) => {
      const files = t.testdir();
      const served = { certificate: join(files, 'certificate.pem'), key: join(files, 'key.pem') };
      copy(first, served);
      const config = { workers, respPort: 0, tlsCert: served.certificate, tlsKey: served.key };
      const program = startProgram(t, setup, { config });
      t.match(await program.logged('hotshard serves on'), { respAddress: /^rediss:\/\/127\.0\.0\.1:\d+$/ });
      const port = await program.respPort();
      const before = await secureRespClient(t, port);
      t.equal(await before.ask('PING'), 'PONG');

      const plain = await respClient(t, port);
      t.equal(await codeOf(plain.ask('PING')), 'ELOST', 'without TLS it is cut off');

      copy(second, served);
      program.kill('SIGHUP');
      await program.logged('certificate read again');
      // Every worker gets it, each when it comes to it.
      for (let other = 0; other < 10; ) {
        const { fingerprint, ask, socket } = await secureRespClient(t, port);
        t.equal(await ask('PING'), 'PONG');
        other = fingerprint === before.fingerprint ? 0 : other + 1;
        socket.destroy();
      }
      t.equal(await before.ask('PING'), 'PONG', 'connections go on');

      const silent = connect(port, '127.0.0.1');
      silent.on('error', () => {});
      t.teardown(() => silent.destroy());
      // The beginning of a handshake, and nothing after it.
      silent.write(Buffer.from([22, 3, 1, 2, 0, 1]));
      t.equal(await (await secureRespClient(t, port)).ask('PING'), 'PONG');
      const began = performance.now();
      program.kill('SIGTERM');
      t.equal(await program.ended, 0);
      t.ok(performance.now() - began < 6_000, 'a handshake that stands still does not hold the end up');
    });
  }
}

/** Resolves when the head of the answer has come. */
function begun(url: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => http.get(url, { agent: false }, resolve).on('error', reject));
}

interface OtherAcceptor {
  readonly drain: ConnectionDrain;
  /** Connects, calls back when that is done, and resolves with what was received, or what went wrong. */
  attach(onConnect?: () => void): Promise<string>;
}

/** An acceptor beside one of HTTP, with which it is drained; it says `welcome`, and waits for the drain. */
async function otherAcceptor(t: Test): Promise<OtherAcceptor> {
  const listener = http.createServer();
  const open = new Set<Socket>();
  const acceptor = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('welcome');
    open.add(socket);
  });
  const drain = new ConnectionDrain(listener, () => false, listener, {
    acceptor,
    sweep: () => {
      t.notOk(acceptor.listening);
      for (const socket of open) socket.end();
    },
    cutOff: () => 0,
  });
  for (const server of [listener, acceptor]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  const { port } = acceptor.address() as AddressInfo;
  const attach = (onConnect: () => void = () => {}): Promise<string> => {
    const socket = connect(port, '127.0.0.1', onConnect);
    return new Promise((resolve) => {
      let received = '';
      socket.on('data', (chunk) => {
        received += chunk.toString();
      });
      socket.on('error', (error) => resolve(error.message));
      socket.on('end', () => resolve(received));
    });
  };
  return { drain, attach };
}
