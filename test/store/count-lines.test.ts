/** How many lines a file is said to have: as many as the parser finds. */
import { openSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { countLines } from '../../src/store/count-lines.js';

const going = new AbortController().signal;

function count(t: Test, content: string | Uint8Array, size?: number, signal = going): Promise<number> {
  const path = join(t.testdir(), 'data');
  writeFileSync(path, content);
  return countLines({ descriptor: openSync(path, 'r'), size: size ?? statSync(path).size }, signal);
}

t.test('lines end with LF or the end of the file', async (t) => {
  for (const [content, lines] of [
    ['', 0],
    ['a', 1],
    ['\n', 1],
    ['a\n', 1],
    ['a\nb', 2],
    ['\n\n\n\n\n', 5],
    ['\r\n\u000b\u008a\u010a\n', 2],
    ['abc\nabcdefgh\nabcdefghi\n', 3],
  ] as const) {
    t.equal(await count(t, content), lines, JSON.stringify(content));
  }
});

t.test('of bytes of all values, at all places, over many chunks', async (t) => {
  const bytes = Buffer.alloc(3 * 2 ** 20 + 1);
  let state = 1;
  let lines = 0;
  for (let i = 0; i < bytes.length - 1; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[i] = state >>> 24;
    if (bytes[i] === 0x0a) lines++;
  }
  bytes[bytes.length - 1] = 0x0b;
  t.equal(await count(t, bytes), lines + 1);
});

t.test('only the bytes that are served are counted', async (t) => {
  t.equal(await count(t, 'a\nb\nc\n', 4), 2);
  t.equal(await count(t, 'a\nb\nc\n', 100), 3, 'a file that has become shorter');
});

t.test('it ends when it is told to', async (t) => {
  t.equal(await count(t, 'a\nb\n', undefined, AbortSignal.abort()), 0);
});
