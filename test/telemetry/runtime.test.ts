/** What each worker's thread says of itself, and the warning when its event loop has stood still. */
import t from 'tap';
import { RuntimeBoard, watchRuntime } from '../../src/telemetry/runtime.js';
import { NO_FIGURES } from './no-figures.js';

t.test('workers write, others read', async (t) => {
  const board = RuntimeBoard.create(2);
  const other = RuntimeBoard.attach(structuredClone(board.handle));
  t.match(other.read(1), NO_FIGURES, 'nothing yet');
  const figures = {
    ...NO_FIGURES,
    mean: 0.5,
    max: 1500,
    p99: 0.000_002,
    heapUsed: (5 * 2 ** 40) / 4,
    external: 1024,
  };
  board.write(1, figures);
  const read = other.read(1);
  for (const [name, value] of Object.entries(figures)) {
    t.equal(read[name as keyof typeof read].toPrecision(9), value.toPrecision(9), name);
  }
  t.match(other.read(0), NO_FIGURES, 'rows are apart');
});

t.test('an event loop that stood still', async (t) => {
  const board = RuntimeBoard.create(1);
  const warnings: [details: object, message: string][] = [];
  let stalls = 0;
  let onStall = (): void => {};
  const stop = watchRuntime({
    board,
    worker: 0,
    logger: { warn: (...warning) => warnings.push(warning) },
    onStall: () => {
      stalls++;
      onStall();
    },
    period: 100,
    stall: 300,
  });
  t.teardown(stop);
  for (const times of [1, 2]) {
    // As often as it takes: a delay right after a period's end belongs to none. It is free for longer than a period between
    // two: else a period could end right before each.
    const stalled = new Promise<void>((resolve) => {
      onStall = resolve;
    });
    let blocking: NodeJS.Timeout;
    const blockAgain = (): void => {
      block(320);
      blocking = setTimeout(blockAgain, 150);
    };
    blocking = setTimeout(blockAgain, 150);
    await stalled;
    clearTimeout(blocking);
    t.ok(stalls >= times);
    t.ok(board.read(0).max >= 0.3, 'the longest delay');
    t.ok(board.read(0).heapUsed > 2 ** 20 && board.read(0).heapUsed <= board.read(0).heapTotal);
  }
  t.equal(warnings.length, 1, 'is logged once in a minute');
  t.match(warnings[0], [{ worker: 0, blocked: Number }, /^the event loop stood still for \d{3,} ms/]);
});

t.test('the time between two looks is no delay', async (t) => {
  const board = RuntimeBoard.create(1);
  const stop = watchRuntime({ board, worker: 0, logger: { warn: () => {} }, onStall: () => {}, period: 200 });
  t.teardown(stop);
  // The fastest of some periods: a machine that is busy delays others.
  let least = Number.POSITIVE_INFINITY;
  for (let period = 0; period < 20 && least > 0.01; period++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (board.read(0).heapUsed > 0) least = Math.min(least, board.read(0).p50);
  }
  t.ok(least <= 0.01, `${least} s`);
});

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
