/**
 * A thread that ends while it reads HTTP/2 may abort the whole process (https://github.com/nodejs/node/issues/38418). However
 * a worker comes to its end, the process lives on, or ends with the exit code that it is meant to have.
 */
import http2 from 'node:http2';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { codeOf, get, type Program, type ProgramOptions, SETUPS, startProgram } from './fixtures/harness.js';

const [setup] = SETUPS;

function start(t: Test, options: ProgramOptions): Program {
  if (setup === undefined) throw new Error('there is no way to run hotshard');
  return startProgram(t, setup, options);
}

/** Has a worker read requests with bodies, all in one packet, right behind a request that is not good for it. */
async function burst(t: Test, url: string, path: string): Promise<void> {
  const session = http2.connect(url);
  t.teardown(() => session.destroy());
  session.on('error', () => {});
  // Its first request has been answered: nothing of a handshake is under way.
  await text(session.request({ ':path': '/worker' }));
  for (const each of [path, ...Array.from({ length: 20 }, () => '/')]) {
    const stream = session.request({ ':method': 'POST', ':path': each });
    stream.on('error', () => {});
    stream.resume();
    stream.end('a body');
  }
}

for (const [way, path, message] of [
  ['an uncaught exception', '/throw-at-once', 'thrown on purpose'],
  ['an unhandled rejection', '/reject', 'rejected on purpose'],
] as const) {
  t.test(`${way} ends its worker only`, async (t) => {
    const restarts = { firstDelay: 1, longestDelay: 1, healthyAfter: 0, mostInARow: 2 };
    const program = start(t, { config: { workers: 1 }, restarts });
    const url = await program.url();
    for (let death = 1; death <= 2; death++) {
      await burst(t, url, path);
      await program.logged('worker died', death);
      while ((await codeOf(get(url))) !== undefined);
    }
    const death = await program.logged('worker died');
    t.match(death, { level: 50, err: { type: 'Error', message, stack: /fixtures.server/ } });
    program.kill('SIGTERM');
    t.equal(await program.ended, 0);
    t.strictSame(program.noise, []);
  });
}

t.test('a worker that has failed and does not come to its end is terminated', async (t) => {
  const program = start(t, { config: { workers: 1 } });
  const url = await program.url();
  t.equal(await codeOf(get(`${url}/throw-and-hang`)), 'ECONNRESET');
  const line = await program.logged('worker has failed and does not end');
  t.match(line, { level: 50, worker: 0, reason: /^Error: thrown on purpose\n +at / });
  while ((await codeOf(get(url))) !== undefined);
  t.pass('and replaced');
});

for (const [way, signals, drainLimit, exitCode] of [
  ['the limit of a drain', ['SIGTERM'], 10, 0],
  ['a second signal', ['SIGTERM', 'SIGINT'], 60_000, 130],
] as const) {
  t.test(`${way}: workers are asked to end, before they are terminated`, async (t) => {
    const program = start(t, { config: { workers: 1, load: 'never stop' }, drainLimit });
    const url = await program.url();
    await burst(t, url, '/block?ms=400');
    await program.logged('blocking');
    for (const signal of signals) {
      program.kill(signal);
      await program.logged('draining');
    }
    t.equal(await program.ended, exitCode);
    await program.logged('a thread ends by itself');
    t.strictSame(program.noise, []);
  });
}
