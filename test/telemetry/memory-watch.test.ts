/** The warnings before a container's memory limit ends the process. */

/** The warnings before a container's memory limit ends the process. */
import EventEmitter, { once } from 'node:events';
import t from 'tap';
import { type MemoryWatchParts, watchMemory } from '../../src/telemetry/memory-watch.js';

const MIB = 1024 * 1024;

// The watch itself does not keep a process up.
const alive = setInterval(() => undefined, 1000);
t.teardown(() => clearInterval(alive));

function watched(parts: Partial<MemoryWatchParts> & { limit: number }) {
  const warnings: [details: object, message: string][] = [];
  const looks = new EventEmitter();
  const ending = new AbortController();
  const { residentMemory = () => 0 } = parts;
  watchMemory({
    config: { maxMemory: 100 * MIB, workers: 3 },
    logger: { warn: (...warning) => warnings.push(warning) },
    signal: ending.signal,
    interval: 5,
    ...parts,
    residentMemory: () => {
      looks.emit('look');
      return residentMemory();
    },
  });
  t.teardown(() => ending.abort());
  return { warnings, looks, ending };
}

t.test('what can not fit is said at the start', async (t) => {
  // 100 MiB, and 64 MiB for each of the workers and the main thread.
  t.strictSame(watched({ limit: 356 * MIB }).warnings, []);
  const { warnings } = watched({ limit: 356 * MIB - 1 });
  t.match(warnings, [
    [
      { maxMemory: 100 * MIB, workers: 3, needed: 356 * MIB, limit: 356 * MIB - 1 },
      /^--max-memory and the threads may take 356 MiB together/,
    ],
  ]);
});

t.test('memory that comes close to the limit is said, and not again and again', async (t) => {
  let resident = 899 * MIB;
  const { warnings, looks, ending } = watched({ limit: 1000 * MIB, residentMemory: () => resident });
  for (let look = 0; look < 3; look++) await once(looks, 'look');
  t.strictSame(warnings, []);
  resident = 900 * MIB;
  for (let look = 0; look < 5; look++) await once(looks, 'look');
  t.match(warnings, [
    [{ resident: 900 * MIB, limit: 1000 * MIB }, /^resident memory is 900 MiB, and 1000 MiB/],
  ]);
  t.equal(warnings.length, 1);
  ending.abort();
  looks.once('look', () => t.fail('it has been ended'));
  await new Promise((resolve) => setTimeout(resolve, 30));
});

t.test('without a limit nothing is watched', async (t) => {
  const { warnings, looks } = watched({ limit: Number.POSITIVE_INFINITY, residentMemory: () => 2 ** 50 });
  looks.once('look', () => t.fail('it is not to be looked at'));
  await new Promise((resolve) => setTimeout(resolve, 30));
  t.strictSame(warnings, []);
});
