/** The end of a drain: requests in the fast lane that have no answer yet are cut off, and counted. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import pino from 'pino';
import t from 'tap';
import type { SharedCache } from '../../shards/index.js';
import { createServer } from '../../src/server/server.js';
import { LocalCache } from '../../src/store/local.js';
import { type ReadResult, UNCERTAIN } from '../../src/store/tiered.js';
import type { ProcessState } from '../../src/telemetry/process-state.js';
import { startWorker } from '../../src/worker/lifecycle.js';
import { createShared } from '../../src/worker/shared.js';
import { until } from '../server/server-under-test.js';
import { testConfig } from '../supervisor/fixtures/config.js';
import { serveLane } from './lane-under-test.js';

const GET = 'GET /get/k HTTP/1.1\r\nHost: h\r\n\r\n';
const HALF = 'POST /store/k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nval';

/** Its keys are never there at once, and it never says what they are. */
class Silent extends LocalCache {
  override readInto(): number {
    return UNCERTAIN;
  }

  override get(): Promise<ReadResult | undefined> {
    return new Promise(() => {});
  }
}

t.test('what is in flight is counted, what is idle or only begun is not', async (t) => {
  const server = await serveLane(t, {
    cache: (map: SharedCache, state: ProcessState) => new Silent(map, state),
  });
  const { lane, limit } = server;
  if (lane === undefined) throw new Error('there is no lane');
  const bytes = [
    GET,
    GET + GET,
    HALF,
    `${HALF}ue${HALF}`,
    '',
    GET.slice(0, 9),
    'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
  ];
  const clients = await Promise.all(bytes.map(() => server.connect()));
  for (const [i, client] of clients.entries()) await client.send(bytes[i] ?? '');
  const handedOver = await server.connect();
  await handedOver.send('GET /lookup?key=k HTTP/1.1\r\nHost: h\r\n\r\n');
  await until(() => limit.usage.inFlight === 5);
  t.equal(lane.cutOff(), 4, 'the fifth is the Hapi server’s');
  await Promise.all(clients.map((client) => client.end()));
  t.equal(lane.cutOff(), 0);
});

t.test('a worker that drains counts them beside those of the Hapi server', async (t) => {
  const config = testConfig({ workers: 0 });
  const shared = createShared(config);
  // As while a data file is loaded: reads of keys that have not come yet wait.
  shared.state.advanceTo('loading');
  const { address, drain } = await startWorker({
    ...{ config, shared, createServer, worker: 0, logger: pino({ level: 'silent' }) },
    ticket: { kind: 'exclusive', host: '127.0.0.1', port: 0 },
  });
  const lookup = 'GET /lookup?key=k HTTP/1.1\r\nHost: h\r\n\r\n';
  const sockets = [GET, GET + GET, lookup].map((bytes) => {
    const socket = connect(address.port, '127.0.0.1');
    t.teardown(() => socket.destroy());
    socket.write(bytes);
    return socket;
  });
  await until(() => shared.state.row(0).requests === sockets.length);
  const answers = sockets.map((socket) => text(socket));
  t.equal(await drain(300), sockets.length);
  t.strictSame(await Promise.all(answers), ['', '', '']);
  t.equal(shared.state.row(0).openConnections, 0);
});
