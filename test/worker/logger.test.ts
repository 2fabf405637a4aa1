/** A worker's log line, written with the program's logger. */
import pino from 'pino';
import t from 'tap';
import { lineRelay } from '../../src/worker/logger.js';

t.test('keeps level, message and fields', async (t) => {
  const lines: unknown[] = [];
  const logger = pino(
    { base: null, timestamp: false },
    { write: (line: string) => lines.push(JSON.parse(line)) },
  );
  const relay = lineRelay(logger);
  relay('{"level":50,"worker":1,"err":{"type":"TypeError","message":"broken"},"msg":"failed"}\n');
  relay('{"level":30,"worker":0}\n');
  relay('{"level":20,"worker":0,"msg":"below the level"}\n');
  t.strictSame(lines, [
    { level: 50, worker: 1, err: { type: 'TypeError', message: 'broken' }, msg: 'failed' },
    { level: 30, worker: 0 },
  ]);
});
