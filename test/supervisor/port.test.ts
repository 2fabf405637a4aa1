/** The port: which addresses, who gets it, and what is said when it can't be had. */
import { once } from 'node:events';
import { fstatSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import t, { type Test } from 'tap';
import { openPort, sharingFor } from '../../src/supervisor/listen.js';
import { takeStartLock } from '../../src/supervisor/start-lock.js';
import { freePort } from '../store/fixtures/free-port.js';
import { codeOf, everyWorkerAnswers, get, SETUPS, startProgram } from './fixtures/harness.js';

const HAS_IPV6 = Object.values(networkInterfaces())
  .flat()
  .some((address) => address?.address === '::1');

async function occupy(t: Test, host: string, port = 0): Promise<number> {
  const server = createServer().listen({ host, port });
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

t.test(
  'workers share a port by reusePort on Linux from Node 22.12 on, by duplicates elsewhere',
  async (t) => {
    t.equal(sharingFor(2, 'linux', '22.12.0'), 'reuse-port');
    t.equal(sharingFor(2, 'linux', '23.1.0'), 'reuse-port');
    t.equal(sharingFor(2, 'linux', '26.0.0'), 'reuse-port');
    t.equal(sharingFor(2, 'linux', '22.11.0'), 'duplicates');
    t.equal(sharingFor(2, 'linux', '20.19.0'), 'duplicates');
    t.equal(sharingFor(2, 'darwin', '24.0.0'), 'duplicates');
    t.equal(sharingFor(2, 'win32', '24.0.0'), 'exclusive');
    t.equal(sharingFor(0, 'linux', '24.0.0'), 'exclusive');
  },
);

for (const setup of SETUPS) {
  t.test(setup.name, async (t) => {
    for (const workers of [0, 1, 2]) {
      t.test(`with ${workers} workers`, async (t) => {
        t.test('port 0 is one free port for all workers, and it is logged', async (t) => {
          const program = startProgram(t, setup, { config: { workers } });
          const url = await program.url();
          t.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
          await everyWorkerAnswers(url, Math.max(1, workers));
          const [line] = program.log.filter(({ msg }) => msg.startsWith('hotshard serves on'));
          t.equal(line?.workers, workers);
        });

        t.test('a port in use is EADDRINUSE and exit code 1', async (t) => {
          const port = await occupy(t, '127.0.0.1');
          const program = startProgram(t, setup, { config: { workers, port } });
          t.equal(await program.ended, 1);
          t.match(await program.logged('could not start'), { err: { code: 'EADDRINUSE', port } });
        });

        t.test('a second hotshard on the same port is EADDRINUSE, and the first goes on', async (t) => {
          const first = startProgram(t, setup, { config: { workers } });
          const url = await first.url();
          const port = Number(new URL(url).port);
          for (const host of ['127.0.0.1', '0.0.0.0', '']) {
            const second = startProgram(t, setup, { config: { workers, port, host } });
            t.equal(await second.ended, 1, `host '${host}'`);
            t.match(await second.logged('could not start'), { err: { code: 'EADDRINUSE' } });
          }
          t.equal((await get(url)).status, 200);
        });

        t.test('an address that is not of this machine is EADDRNOTAVAIL', async (t) => {
          const program = startProgram(t, setup, { config: { workers, host: '203.0.113.1' } });
          t.equal(await program.ended, 1);
          t.match(await program.logged('could not start'), { err: { code: 'EADDRNOTAVAIL' } });
        });
      });
    }

    t.test('of three started at the same moment on one port, one serves', async (t) => {
      const port = await freePort();
      const outcomes = await Promise.all(
        ['127.0.0.1', '0.0.0.0', '127.0.0.1'].map(async (host) => {
          const program = startProgram(t, setup, { config: { port, host } });
          const serves = program.url().then(() => 'serves');
          return await Promise.race([serves, program.ended]).catch(() => program.ended);
        }),
      );
      t.strictSame(outcomes.sort(), [1, 1, 'serves']);
    });

    t.test('serves on a name', async (t) => {
      const program = startProgram(t, setup, { config: { host: 'localhost' } });
      t.equal((await get(await program.url())).status, 200);
    });

    t.test('serves on IPv6', { skip: HAS_IPV6 ? false : 'no IPv6 here' }, async (t) => {
      const program = startProgram(t, setup, { config: { host: '::1' } });
      const url = await program.url();
      t.match(url, /^http:\/\/\[::1\]:\d+$/);
      await everyWorkerAnswers(url, 2);
    });

    t.test(
      'an empty host is all addresses, IPv4 and IPv6',
      { skip: !HAS_IPV6 && 'no IPv6 here' },
      async (t) => {
        const program = startProgram(t, setup, { config: { host: '' } });
        const { port } = new URL(await program.url());
        t.equal((await get(`http://127.0.0.1:${port}`)).status, 200);
        t.equal((await get(`http://[::1]:${port}`)).status, 200);
      },
    );
  });
}

t.test('a start waits for another one on the same port number', async (t) => {
  const port = await freePort();
  const release = await takeStartLock(port);
  t.equal(await codeOf(takeStartLock(port, 30)), 'EADDRINUSE', 'no longer than its limit');
  const next = takeStartLock(port);
  release();
  (await next)();
});

t.test('all tickets of a reused port are for the address that was free at first', async (t) => {
  const port = await openPort({ host: '127.0.0.1', port: 0, sharing: 'reuse-port' });
  t.teardown(() => port.close());
  const tickets = await Promise.all([port.ticket(0), port.ticket(1)]);
  t.match(tickets[0], { kind: 'reuse-port', host: '127.0.0.1', port: Number });
  t.strictSame(tickets[0], tickets[1]);
});

t.test('a reused port that was lost while no worker lived is not shared with who has it now', async (t) => {
  const port = await openPort({ host: '127.0.0.1', port: 0, sharing: 'reuse-port' });
  t.teardown(() => port.close());
  const ticket = await port.ticket(0);
  port.listening(0);
  port.listening(1);
  port.gone(0);
  if (ticket.kind !== 'reuse-port') throw new Error('another kind of ticket');
  await occupy(t, '127.0.0.1', ticket.port);
  t.strictSame(await port.ticket(0), ticket, 'with one worker alive, a replacement just joins');
  port.gone(1);
  t.equal(await codeOf(port.ticket(0)), 'EADDRINUSE');
});

t.test('every duplicate is a descriptor of its own; one that no worker opened is closed', async (t) => {
  const port = await openPort({ host: '127.0.0.1', port: 0, sharing: 'duplicates' });
  const tickets = await Promise.all([port.ticket(0), port.ticket(1), port.ticket(2)]);
  const fds = tickets.map((ticket) => (ticket.kind === 'descriptor' ? ticket.fd : -1));
  t.equal(new Set(fds).size, 3);
  for (const fd of fds) t.ok(fstatSync(fd).isSocket());
  for (const worker of [0, 1, 2]) port.gone(worker);
  port.close();
  for (const fd of fds) t.throws(() => fstatSync(fd), { code: 'EBADF' });
});

t.test('a duplicate that a worker has opened is left to it', async (t) => {
  const port = await openPort({ host: '127.0.0.1', port: 0, sharing: 'duplicates' });
  t.teardown(() => port.close());
  const ticket = await port.ticket(0);
  if (ticket.kind !== 'descriptor') throw new Error('another kind of ticket');
  port.adopted(0);
  port.gone(0);
  t.ok(fstatSync(ticket.fd).isSocket());
});
