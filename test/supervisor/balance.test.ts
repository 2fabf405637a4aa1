/** Connections that come all at once are spread over the workers, however they share the port. */
import http from 'node:http';
import { createServer } from 'node:net';
import t from 'tap';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { balanceConnections } from '../../src/worker/balance.js';
import { SETUPS, startProgram } from './fixtures/harness.js';

const CONNECTIONS = 50;

for (const setup of SETUPS) {
  t.test(setup.name, async (t) => {
    const program = startProgram(t, setup, { config: { workers: 2 } });
    const url = await program.url();
    const workers = await Promise.all(Array.from({ length: CONNECTIONS }, () => workerThatAnswers(t, url)));
    for (const worker of [0, 1]) {
      t.ok(workers.includes(worker), `worker ${worker} has some of ${CONNECTIONS}: ${workers.join('')}`);
    }
  });
}

t.test('who is ahead pauses, and only for connections of the protocol in which it is ahead', async (t) => {
  const state = ProcessState.create(2);
  const [listener, respListener] = [createServer(), createServer()];
  balanceConnections(listener, state, 0, 'openConnections');
  balanceConnections(respListener, state, 0, 'respOpenConnections');
  const waits = t.capture(Atomics, 'wait', () => 'timed-out');
  const pausesOf = (acceptor: typeof listener): number => {
    acceptor.emit('connection');
    return waits().length;
  };
  state.count(0, 'respOpenConnections', 2);
  state.count(1, 'openConnections', 2);
  t.equal(pausesOf(listener), 0);
  t.equal(pausesOf(respListener), 1);
  state.count(1, 'respOpenConnections', 1);
  t.equal(pausesOf(respListener), 0, 'one more is no lead');
});

/** Asks over a connection of its own, which stays open until the test ends. */
function workerThatAnswers(t: { teardown(done: () => void): void }, url: string): Promise<number> {
  const agent = new http.Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  return new Promise((resolve, reject) => {
    const request = http.get(`${url}/worker`, { agent }, async (response) => {
      const body = await response.setEncoding('utf8').toArray();
      resolve(Number(JSON.parse(body.join('')).worker));
    });
    request.on('error', reject);
  });
}
