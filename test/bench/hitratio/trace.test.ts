/** Trace files: what is written is read, and what is wrong with one is said. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { test } from 'tap';
import { formatTrace, parseTrace, readTrace, traceOf } from '../../../src/bench/hitratio/trace.js';

const HEADER = [0x31545348];

function file(...words: number[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(words.length * 4));
  for (const [i, word] of words.entries()) bytes.setUint32(i * 4, word, true);
  return gzipSync(new Uint8Array(bytes.buffer));
}

test('ids as they are', (t) => {
  t.strictSame(parseTrace('x', file(...HEADER, 4, 3, 0, 0, 1, 0, 2)), {
    name: 'x',
    requests: Uint32Array.of(0, 1, 0, 2),
    keys: 3,
  });
  t.end();
});

test('ids as differences, with sizes', (t) => {
  t.strictSame(parseTrace('x', file(...HEADER, 4, 3, 3, 0, 1, 2 ** 32 - 1, 2, 10, 20, 30)), {
    name: 'x',
    requests: Uint32Array.of(0, 1, 0, 2),
    keys: 3,
    sizes: Uint32Array.of(10, 20, 30),
  });
  t.end();
});

test('a trace that was written is read as it was', (t) => {
  const traces = fc
    .array(fc.nat({ max: 50 }), { maxLength: 100 })
    .map((numbers) => traceOf('x', numbers))
    .chain((trace) => {
      const size = fc.nat({ max: 2 ** 32 - 1 });
      const sizes = fc.array(size, { minLength: trace.keys, maxLength: trace.keys });
      return fc
        .option(sizes)
        .map((all) => (all === null ? trace : { ...trace, sizes: Uint32Array.from(all) }));
    });
  fc.assert(
    fc.property(traces, (trace) => {
      t.strictSame(parseTrace('x', formatTrace(trace)), trace);
    }),
  );
  t.end();
});

test('a file is named after its trace', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hotshard-trace-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'shop.trace.gz');
  writeFileSync(path, formatTrace(traceOf('other', [7, 7, 9])));
  t.strictSame(readTrace(path), { name: 'shop', requests: Uint32Array.of(0, 0, 1), keys: 2 });
  t.throws(() => readTrace(join(folder, 'none.trace.gz')), { code: 'ENOENT' });
  t.end();
});

test('any numbers become ids by first appearance', (t) => {
  t.strictSame(traceOf('x', [7, 3, 7, 0, 3]).requests, Uint32Array.of(0, 1, 0, 2, 1));
  t.end();
});

test('what is wrong with a file is said', (t) => {
  const whole = file(...HEADER, 2, 2, 0, 0, 1);
  const wrong: readonly [Uint8Array, string][] = [
    [new Uint8Array(), 'trace x: is not complete gzip'],
    [Buffer.from('HST1'), 'trace x: is not complete gzip'],
    [whole.subarray(0, whole.length - 9), 'trace x: is not complete gzip'],
    [gzipSync(Buffer.from('HST1??')), 'trace x: is not a whole number of 32-bit words'],
    [gzipSync(Buffer.from('')), 'trace x: does not begin with "HST1"'],
    [file(0x32545348, 2, 2, 0, 0, 1), 'trace x: does not begin with "HST1"'],
    [file(...HEADER, 2, 2), 'trace x: ends within its header'],
    [file(...HEADER, 2, 2, 4, 0, 1), 'trace x: has unknown flags 4'],
    [file(...HEADER, 3, 2, 0, 0, 1), 'trace x: is 6 words long, its header says 7'],
    [file(...HEADER, 1, 1, 0, 0, 1), 'trace x: is 6 words long, its header says 5'],
    [file(...HEADER, 2, 2, 1, 0, 1), 'trace x: is 6 words long, its header says 8'],
    [file(...HEADER, 2, 2, 0, 1, 0), 'trace x: has ids that are not numbered by first appearance'],
    [file(...HEADER, 2, 3, 0, 0, 2), 'trace x: has ids that are not numbered by first appearance'],
    [file(...HEADER, 2, 3, 0, 0, 1), 'trace x: has 2 keys, its header says 3'],
  ];
  for (const [bytes, message] of wrong) t.throws(() => parseTrace('x', bytes), { message }, message);
  t.end();
});
