/** The phase of the program's life at its start, with and without a data file to load. */
import pino from 'pino';
import t, { type Test } from 'tap';
import type { StopSignal } from '../../src/supervisor/drain.js';
import { type LoadContext, type ServeOptions, serve } from '../../src/supervisor/supervisor.js';
import { testConfig } from './fixtures/config.js';
import { whoAnswers } from './fixtures/harness.js';
import { createServer } from './fixtures/server.js';

interface Served {
  readonly url: string;
  /** Resolves with the exit code. */
  readonly exit: Promise<number>;
  stop(): void;
}

/** Serves in this process; stops when the test ends. */
async function serveHere(t: Test, workers: number, options: ServeOptions): Promise<Served> {
  const lines: { address?: string }[] = [];
  const logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  const listeners = new Map<StopSignal, () => void>();
  let onExit = (_code: number): void => {};
  const exit = new Promise<number>((resolve) => {
    onExit = resolve;
  });
  const stop = (): void => listeners.get('SIGTERM')?.();
  await serve(testConfig({ workers }), logger, {
    ...options,
    createServer,
    workerEntry: new URL('./fixtures/worker.js', import.meta.url),
    signals: {
      on: (signal, listener) => listeners.set(signal, listener),
      removeListener: (signal) => listeners.delete(signal),
    },
    exit: onExit,
  });
  t.teardown(async () => {
    stop();
    await exit;
  });
  return { url: String(lines.find(({ address }) => address !== undefined)?.address), exit, stop };
}

for (const workers of [0, 1]) {
  t.test(`with ${workers} workers`, async (t) => {
    t.test('without a data file it is serving as soon as it accepts connections', async (t) => {
      const { url } = await serveHere(t, workers, {});
      t.equal((await whoAnswers(url)).phase, 'serving');
    });

    t.test('while a data file is loaded it answers, in the phase loading', async (t) => {
      let finish = (): void => {};
      let context: LoadContext | undefined;
      const { url } = await serveHere(t, workers, {
        startLoad: (given) => {
          context = given;
          return new Promise((resolve) => {
            finish = resolve;
          });
        },
      });
      t.equal((await whoAnswers(url)).phase, 'loading');
      t.equal(context?.state.phase, 'loading');
      finish();
      while ((await whoAnswers(url)).phase === 'loading');
      t.equal((await whoAnswers(url)).phase, 'serving');
    });

    t.test('a data file that can not be loaded ends the program with exit code 1', async (t) => {
      const { exit } = await serveHere(t, workers, {
        startLoad: () => Promise.reject(new Error('no such file')),
      });
      t.equal(await exit, 1);
    });

    t.test('a signal during the load aborts it, and ends with exit code 0', async (t) => {
      let signal: AbortSignal | undefined;
      const served = await serveHere(t, workers, {
        startLoad: (context) => {
          signal = context.signal;
          return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal?.reason)));
        },
      });
      served.stop();
      t.equal(await served.exit, 0);
      t.equal(signal?.aborted, true);
    });
  });
}
