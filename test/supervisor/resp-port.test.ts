/** The port of the Redis protocol beside that of HTTP: who gets it, what is said when it can't be had, who dies. */
import { once } from 'node:events';
import { fstatSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import t, { type Test } from 'tap';
import { UsageError } from '../../src/config/errors.js';
import { loadConfig } from '../../src/config/load.js';
import { openPort } from '../../src/supervisor/listen.js';
import { Ports } from '../../src/supervisor/ports.js';
import { takeStartLock } from '../../src/supervisor/start-lock.js';
import { type ListenTicket, listen, listenAll } from '../../src/worker/listen.js';
import { hotshard } from '../bin/fixtures/run.js';
import { freePort } from '../store/fixtures/free-port.js';
import { codeOf, get, SETUPS, startProgram, type WorkerReport, whoAnswers } from './fixtures/harness.js';
import { type RespClient, respClient } from './fixtures/resp-client.js';

const WORKERS = [0, 1, 2];

// They wait more than they work.
t.jobs = 3;

async function occupy(t: Test, port = 0): Promise<number> {
  const server = createServer().listen({ host: '127.0.0.1', port });
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function whoSpeaks(client: RespClient): Promise<WorkerReport> {
  return JSON.parse(await client.ask('WORKER')) as WorkerReport;
}

/** Connects until every one of so many workers has answered; their connections, by worker, all others closed. */
async function everyWorkerSpeaks(t: Test, port: number, workers: number): Promise<RespClient[]> {
  const clients = new Map<number, RespClient>();
  while (clients.size < workers) {
    const client = await respClient(t, port);
    const { worker } = await whoSpeaks(client);
    if (clients.has(worker)) client.socket.destroy();
    else clients.set(worker, client);
  }
  return [...clients].sort(([a], [b]) => a - b).map(([, client]) => client);
}

for (const setup of SETUPS) {
  for (const workers of WORKERS) {
    t.test(`${setup.name}, ${workers} workers`, async (t) => {
      t.test('every worker answers on both ports, and counts their connections apart', async (t) => {
        const program = startProgram(t, setup, { config: { workers, respPort: 0 } });
        const url = await program.url();
        const port = await program.respPort();
        const { msg, respAddress } = await program.logged('hotshard serves on');
        t.equal(respAddress, `redis://127.0.0.1:${port}`);
        t.match(msg, `hotshard serves on ${url} and redis://127.0.0.1:${port} with `);
        const clients = await everyWorkerSpeaks(t, port, Math.max(1, workers));
        for (const [worker, client] of clients.entries()) {
          let report = await whoSpeaks(client);
          while (report.rows.respOpenConnections > 1) report = await whoSpeaks(client);
          t.match(report, { worker, rows: { openConnections: 0, connections: 0, respOpenConnections: 1 } });
          t.ok(report.rows.respConnections >= 1);
        }
        const { rows } = await whoAnswers(url);
        t.match(rows, { openConnections: 1, connections: 1, respOpenConnections: 1 });
        t.strictSame(program.noise, []);
      });

      for (const name of ['port', 'respPort'] as const) {
        t.test(`${name} in use is exit code 1`, async (t) => {
          const taken = await occupy(t);
          const other = name === 'port' ? 'respPort' : 'port';
          const config = { workers, [name]: taken, [other]: await freePort() };
          const program = startProgram(t, setup, { config });
          t.equal(await program.ended, 1);
          t.match(await program.logged('could not start'), { err: { code: 'EADDRINUSE', port: taken } });
        });
      }
    });
  }

  t.test(`${setup.name}: a second hotshard on the port of the first is EADDRINUSE`, async (t) => {
    const first = startProgram(t, setup, { config: { respPort: 0 } });
    const respPort = await first.respPort();
    const second = startProgram(t, setup, { config: { respPort } });
    t.equal(await second.ended, 1);
    t.match(await second.logged('could not start'), { err: { code: 'EADDRINUSE', port: respPort } });
    t.equal(await (await respClient(t, respPort)).ask('PING'), 'PONG');
  });

  t.test(`${setup.name}: connections that come all at once are spread over the workers`, async (t) => {
    const program = startProgram(t, setup, { config: { respPort: 0 } });
    const port = await program.respPort();
    const workers = await Promise.all(
      Array.from({ length: 50 }, async () => (await whoSpeaks(await respClient(t, port))).worker),
    );
    for (const worker of [0, 1]) t.ok(workers.includes(worker), workers.join(''));
  });

  t.test(`${setup.name}: a worker that dies is replaced on both ports`, async (t) => {
    const program = startProgram(t, setup, { config: { respPort: 0 } });
    const url = await program.url();
    const port = await program.respPort();
    const [doomed, other] = await everyWorkerSpeaks(t, port, 2);
    t.equal(await codeOf(doomed?.ask('THROW') ?? Promise.resolve()), 'ELOST');
    t.match(await program.logged('worker died'), { worker: 0 });
    for (let i = 0; i < 20; i++) {
      t.equal((await get(url)).status, 200);
      const client = await respClient(t, port);
      t.equal(await client.ask('PING'), 'PONG', 'new connections are answered all the time');
      client.socket.destroy();
    }
    const replaced = (await everyWorkerSpeaks(t, port, 2))[0] as RespClient;
    let report = await whoSpeaks(replaced);
    while (report.rows.respOpenConnections > 1) report = await whoSpeaks(replaced);
    t.match(report, { worker: 0, rows: { restarts: 1, respOpenConnections: 1 } });
    t.equal(await other?.ask('PING'), 'PONG', 'the other one has kept its connections');
    while ((await whoAnswers(url)).worker !== 0);
    program.kill('SIGTERM');
    t.equal(await program.ended, 0);
    t.strictSame(program.noise, []);
  });

  t.test(`${setup.name}: without the port the log is as before`, async (t) => {
    const program = startProgram(t, setup, { config: { workers: 1 } });
    const url = await program.url();
    const line = await program.logged('hotshard serves on');
    t.equal(line.msg, `hotshard serves on ${url} with 1 worker`);
    t.notOk('respAddress' in line);
  });
}

t.test('one port for both is a usage error that names both flags', async (t) => {
  const cases: [flags: Record<string, string>, environment: Record<string, string>, complaint: RegExp][] = [
    [
      { port: '7000', 'resp-port': '7000' },
      {},
      /"7000" for --resp-port: .* another port than that of --port$/,
    ],
    [{ 'resp-port': '3000' }, {}, /"3000" for --resp-port: must be another port than that of --port$/],
    [{}, { HOTSHARD_RESP_PORT: '3000' }, /for HOTSHARD_RESP_PORT \(--resp-port\): .* of --port$/],
    [{ 'resp-port': '7000' }, { PROXY_PORT: '7000' }, /--resp-port: .* of PROXY_PORT \(--port\)$/],
  ];
  for (const [flags, environment, complaint] of cases) {
    t.throws(() => loadConfig(flags, environment), complaint);
    t.throws(() => loadConfig(flags, environment), UsageError);
  }
  t.match(loadConfig({ port: '0', 'resp-port': '0' }, {}).config, { port: 0, respPort: 0 });
  t.equal((await hotshard(['--port', '7000', '--resp-port', '7000'])).code, 2);
});

t.test('a port in use is told in one line with its flag', async (t) => {
  const taken = await occupy(t);
  for (const [flag, other] of [
    ['--port', '--resp-port'],
    ['--resp-port', '--port'],
  ] as const) {
    const { code, stderr } = await hotshard([flag, `${taken}`, other, '0', '--workers', '1']);
    t.equal(code, 1);
    t.equal(
      stderr,
      `hotshard: port ${taken} (${flag}) of 127.0.0.1 (--host) is in use: must be a free port, 0 = any free one\n`,
    );
  }
});

for (const sharing of ['reuse-port', 'duplicates'] as const) {
  t.test(`${sharing}: a port is given up when the other one can't be had`, async (t) => {
    const [port, respPort] = [await freePort(), await occupy(t)];
    t.equal(await codeOf(Ports.open({ host: '127.0.0.1', port, respPort }, sharing)), 'EADDRINUSE');
    (await takeStartLock(port, 0))();
    t.equal(await occupy(t, port), port);
  });
}

t.test(
  'reuse-port: a port that was lost while no worker lived is not shared with who has it now',
  async (t) => {
    const ports = await Ports.open({ host: '127.0.0.1', port: 0, respPort: 0 }, 'reuse-port');
    t.teardown(() => ports.close());
    const { ticket, respTicket } = await ports.tickets(0);
    t.not(ticket.port, respTicket?.port);
    ports.listening(0);
    await occupy(t, respTicket?.port);
    t.strictSame(
      await ports.tickets(1),
      { ticket, respTicket },
      'with one worker alive, another one just joins',
    );
    ports.gone(0);
    t.equal(await codeOf(ports.tickets(0)), 'EADDRINUSE');
  },
);

t.test('a worker listens on both ports or on none', async (t) => {
  const exclusive = (port: number): ListenTicket => ({ kind: 'exclusive', host: '127.0.0.1', port });
  const taken = await occupy(t);
  for (const tickets of [
    { ticket: exclusive(0), respTicket: exclusive(taken) },
    { ticket: exclusive(taken), respTicket: exclusive(0) },
  ]) {
    const listeners = [createServer(), createServer()] as const;
    await t.rejects(listenAll(tickets, ...listeners), { code: 'EADDRINUSE', port: taken });
    for (const { listening } of listeners) t.equal(listening, false);
  }
});

t.test(
  'duplicates: of two that have bound the same port, the later one to listen is told which',
  async (t) => {
    const port = await freePort();
    const ports = [0, 1].map(() => openPort({ host: '127.0.0.1', port, sharing: 'duplicates' }));
    const [first, second] = await Promise.all(ports.map(async (each) => (await each).ticket(0)));
    t.teardown(async () => {
      for (const each of ports) (await each).close();
    });
    const winner = createServer();
    t.teardown(() => winner.close());
    await listen(winner, first as ListenTicket);
    await t.rejects(listen(createServer(), second as ListenTicket), { code: 'EADDRINUSE', port });
  },
);

t.test('duplicates: what no worker has opened is closed, on both ports', async (t) => {
  const ports = await Ports.open({ host: '127.0.0.1', port: 0, respPort: 0 }, 'duplicates');
  t.teardown(() => ports.close());
  const [unopened, opened] = await Promise.all([ports.tickets(0), ports.tickets(1)]);
  const descriptors = ({ ticket, respTicket }: typeof opened): number[] =>
    [ticket, respTicket].map((each: ListenTicket | undefined) =>
      each?.kind === 'descriptor' ? each.fd : -1,
    );
  ports.adopted(1);
  for (const worker of [0, 1]) ports.gone(worker);
  for (const fd of descriptors(unopened)) t.throws(() => fstatSync(fd), { code: 'EBADF' });
  for (const fd of descriptors(opened)) t.ok(fstatSync(fd).isSocket());
});
