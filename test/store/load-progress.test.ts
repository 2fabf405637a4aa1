/** What is seen of a load under way. */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import pino, { type Logger } from 'pino';
import t, { type Test } from 'tap';
import { type ProgressOptions, showProgress } from '../../src/store/load-progress.js';

const MIB = 2 ** 20;

interface Shown {
  readonly logger: Logger;
  /** Everything that was logged. */
  readonly log: { readonly msg: string }[];
  /** Resolves with the next line of the log. */
  next(): Promise<string>;
}

function logging(level = 'info'): Shown {
  const stream = new PassThrough({ encoding: 'utf8' });
  const log: { msg: string }[] = [];
  stream.on('data', (line: string) => log.push(JSON.parse(line)));
  return {
    logger: pino({ level }, stream),
    log,
    next: async () => {
      await once(stream, 'data');
      return log.at(-1)?.msg ?? '';
    },
  };
}

function terminal(isTTY: boolean): NodeJS.WriteStream & PassThrough {
  const stream = new PassThrough({ encoding: 'utf8' });
  return Object.assign(stream, { isTTY, columns: 120, rows: 40 }) as unknown as NodeJS.WriteStream &
    PassThrough;
}

/** Resolves when the stream has been written a text that matches. */
function written(stream: PassThrough, pattern: RegExp): Promise<void> {
  return new Promise((resolve) => {
    let text = '';
    stream.on('data', (part: string) => {
      text += part;
      if (pattern.test(text)) resolve();
    });
  });
}

function show(t: Test, options: ProgressOptions): void {
  // The timer of the progress does not keep a process alive.
  const alive = setInterval(() => {}, 1000);
  const stop = showProgress({ interval: 1, ...options });
  t.teardown(() => {
    stop();
    clearInterval(alive);
  });
}

t.test('without a terminal it is log lines', async (t) => {
  const { logger, next } = logging();
  let lines = 7;
  const count = () => ({ bytes: 3 * MIB, lines });
  show(t, { logger, size: 4 * MIB, count, terminal: terminal(false) });
  t.equal(await next(), 'loading the data file: 3.0 MiB of 4.0 MiB (75 %), 7 lines');
  lines = 8;
  t.equal(await next(), 'loading the data file: 3.0 MiB of 4.0 MiB (75 %), 8 lines');
});

t.test('without a size it is what has been read', async (t) => {
  const { logger, next } = logging();
  const count = () => ({ bytes: MIB / 2, lines: 1 });
  show(t, { logger, size: undefined, count, terminal: terminal(false) });
  t.equal(await next(), 'loading the data file: 0.5 MiB, 1 lines');
});

t.test('on a terminal it is a bar', async (t) => {
  for (const [size, pattern] of [
    [4 * MIB, /loading \[=+-+\] 75 % of 4\.0 MiB, 7 lines/],
    [2 * MIB, /loading \[=+\] 100 % of 2\.0 MiB, 7 lines/],
    [undefined, /loading 3\.0 MiB, 7 lines/],
  ] as const) {
    const { logger, log } = logging();
    const stream = terminal(true);
    show(t, { logger, size, count: () => ({ bytes: 3 * MIB, lines: 7 }), terminal: stream });
    await written(stream, pattern);
    t.strictSame(log, []);
  }
});

t.test('a load that ends at once shows nothing', async (t) => {
  const { logger } = logging();
  const stream = terminal(true);
  showProgress({ logger, size: 1, count: () => ({ bytes: 1, lines: 1 }), terminal: stream })();
  t.equal(stream.read(), null);
});

t.test('below the level info there is none', async (t) => {
  const { logger } = logging('warn');
  const count = () => t.fail('asked for progress') as never;
  const stop = showProgress({ logger, size: 1, count, terminal: terminal(true), interval: 1 });
  await new Promise<void>((resolve) => setTimeout(resolve, 1)); // a timer of the same length, started later
  stop();
});
