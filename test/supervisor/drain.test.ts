/** SIGINT and SIGTERM: what is in flight is finished, nothing accepted is lost, and the program ends. */
import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import t from 'tap';
import { onStopSignals, type SignalSource, startedByNpm } from '../../src/supervisor/drain.js';
import { codeOf, get, SETUPS, type Setup, startProgram } from './fixtures/harness.js';
import { startLoad } from './fixtures/load.js';

const WORKERS = [0, 1, 2];
const EVERY_WAY = SETUPS.flatMap((setup) => WORKERS.map((workers) => ({ setup, workers }))).filter(
  // With the main thread alone nothing is shared.
  ({ setup, workers }) => workers > 0 || isFirstOfItsNode(setup),
);

function isFirstOfItsNode(setup: Setup): boolean {
  return SETUPS.find(({ node }) => node === setup.node) === setup;
}

for (const { setup, workers } of EVERY_WAY) {
  t.test(`${setup.name}, ${workers} workers`, async (t) => {
    const config = { workers };

    for (const keepAlive of [true, false]) {
      const kind = keepAlive ? 'kept-alive connections' : 'a connection per request';
      t.test(`no request is lost under load, with ${kind}`, async (t) => {
        const program = startProgram(t, setup, { config });
        const port = Number(new URL(await program.url()).port);
        const load = startLoad({ port, clients: 32, keepAlive });
        t.teardown(() => load.stop());
        await load.answered(500);
        program.kill('SIGTERM');
        t.equal(await program.ended, 0);
        await load.done;
        t.strictSame(load.report.lost, []);
        if (keepAlive) t.ok(load.report.closing >= 32, 'every connection was told to close');
      });
    }

    t.test('a slow request is finished, new connections are refused', async (t) => {
      const program = startProgram(t, setup, { config });
      const url = await program.url();
      const slow = get(`${url}/slow?ms=500`);
      const streamed = get(`${url}/stream?ms=500`, new http.Agent({ keepAlive: true }));
      // The answer to a later request: the slow ones have arrived by then.
      await Promise.all(Array.from({ length: 10 }, () => get(url)));
      program.kill('SIGINT');
      await program.logged('draining');
      let outcome: string | undefined;
      // One that was waiting to be accepted when the port was closed is reset.
      do outcome = await codeOf(get(url));
      while (outcome === undefined || outcome === 'ECONNRESET');
      t.equal(outcome, 'ECONNREFUSED');
      t.match(await slow, { body: 'slow', headers: { connection: 'close' } });
      t.equal((await streamed).body, 'begin end', 'also one whose head was already out');
      t.equal(await program.ended, 0);
      t.notOk(
        program.log.some(({ msg }) => msg.includes('cut off')),
        'nothing was cut off',
      );
    });

    t.test('a request that is stuck is cut off at the limit', async (t) => {
      const program = startProgram(t, setup, { config, drainLimit: 400 });
      const url = await program.url();
      const stuck = codeOf(get(`${url}/stuck`));
      await Promise.all(Array.from({ length: 10 }, () => get(url)));
      const began = performance.now();
      program.kill('SIGTERM');
      t.equal(await program.ended, 0);
      const took = performance.now() - began;
      t.ok(took >= 390 && took < 3_000, `${Math.round(took)} ms`);
      t.equal(await stuck, 'ECONNRESET');
      t.match(await program.logged('requests in flight were cut off'), { connections: 1 });
    });

    t.test('a request on an idle connection right after the signal is answered', async (t) => {
      const program = startProgram(t, setup, { config });
      const url = await program.url();
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      t.teardown(() => agent.destroy());
      await get(`${url}/worker`, agent);
      program.kill('SIGTERM');
      await program.logged('draining');
      const { body, headers } = await get(`${url}/worker`, agent);
      t.match(JSON.parse(body), { phase: 'draining' });
      t.equal(headers.connection, 'close');
      t.equal(await program.ended, 0);
    });

    t.test('idle connections, and those that never sent a byte, do not hold the end up', async (t) => {
      const program = startProgram(t, setup, { config });
      const url = await program.url();
      const agent = new http.Agent({ keepAlive: true });
      t.teardown(() => agent.destroy());
      await get(url, agent);
      const silent = connect(Number(new URL(url).port), '127.0.0.1');
      silent.on('error', () => {});
      t.teardown(() => silent.destroy());
      await once(silent, 'connect');
      const began = performance.now();
      program.kill('SIGTERM');
      t.equal(await program.ended, 0);
      t.ok(performance.now() - began < 4_000);
    });

    t.test('a second signal ends it at once, with its exit code', async (t) => {
      for (const [signal, exitCode] of [
        ['SIGINT', 130],
        ['SIGTERM', 143],
      ] as const) {
        const program = startProgram(t, setup, { config });
        const url = await program.url();
        const stuck = codeOf(get(`${url}/stuck`));
        await Promise.all(Array.from({ length: 10 }, () => get(url)));
        program.kill('SIGINT');
        await program.logged('draining');
        const began = performance.now();
        program.kill(signal);
        t.equal(await program.ended, exitCode);
        t.ok(performance.now() - began < 3_000);
        t.equal(await stuck, 'ECONNRESET');
      }
    });

    t.test('a signal during the start ends it with exit code 0', async (t) => {
      const program = startProgram(t, setup, { config });
      await program.logged('starting');
      program.kill('SIGTERM');
      t.equal(await program.ended, 0);
      t.strictSame(program.noise, []);
      t.notOk(program.log.some(({ msg }) => msg === 'could not start'));
    });
  });
}

for (const setup of SETUPS) {
  t.test(`${setup.name}: a worker that does not answer is stopped when the limit is over`, async (t) => {
    const program = startProgram(t, setup, { config: { workers: 1 }, drainLimit: 200 });
    const url = await program.url();
    const blocked = codeOf(get(`${url}/block?ms=60000`));
    await program.logged('blocking');
    program.kill('SIGTERM');
    t.equal(await program.ended, 0);
    t.match(await program.logged('worker does not answer'), { worker: 0 });
    t.equal(await blocked, 'ECONNRESET');
  });
}

t.test('an echo of the first signal is not a second one', async (t) => {
  const calls: string[] = [];
  const source = fakeSignals();
  const handlers = {
    drain: (signal: string) => calls.push(`drain ${signal}`),
    abort: (signal: string, code: number) => calls.push(`abort ${signal} ${code}`),
  };
  const unwatch = onStopSignals(source, handlers, 60_000);
  source.send('SIGINT');
  source.send('SIGINT');
  t.strictSame(calls, ['drain SIGINT'], 'the same signal again, within the time of an echo');
  source.send('SIGTERM');
  t.strictSame(calls, ['drain SIGINT', 'abort SIGTERM 143'], 'another signal never is an echo');
  unwatch();
  t.equal(source.listeners(), 0);

  calls.length = 0;
  onStopSignals(source, handlers, 0);
  source.send('SIGINT');
  source.send('SIGINT');
  t.strictSame(calls, ['drain SIGINT', 'abort SIGINT 130'], 'where there are no echoes');
});

t.test('echoes are to be expected when npm has started the program itself', async (t) => {
  t.equal(startedByNpm('node dist/bin/hotshard.js --port 0', '/app/dist/bin/hotshard.js'), true);
  t.equal(startedByNpm('hotshard', '/app/node_modules/.bin/hotshard'), true);
  t.equal(
    startedByNpm('npm run build && tap', '/app/dist/bin/hotshard.js'),
    false,
    'not by a test that npm runs',
  );
  t.equal(startedByNpm(undefined, '/app/dist/bin/hotshard.js'), false);
});

function fakeSignals(): SignalSource & { send(signal: string): void; listeners(): number } {
  const listeners = new Map<string, Set<() => void>>();
  return {
    on: (signal, listener) => listeners.set(signal, (listeners.get(signal) ?? new Set()).add(listener)),
    removeListener: (signal, listener) => listeners.get(signal)?.delete(listener),
    send: (signal) => {
      for (const listener of listeners.get(signal) ?? []) listener();
    },
    listeners: () => [...listeners.values()].reduce((sum, { size }) => sum + size, 0),
  };
}
