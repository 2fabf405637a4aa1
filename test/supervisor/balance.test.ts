/** Connections that come all at once are spread over the workers, however they share the port. */
import http from 'node:http';
import t from 'tap';
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
