/** Commands are found in what comes, in whatever pieces it comes. */
import { test } from 'tap';
import { Parsed, Request } from '../../../src/wire/resp/request.js';

const LONGEST_KEPT = 100;

/** What is found in bytes that come in these pieces, as a connection would have them looked at. */
function found(pieces: readonly Buffer[], isStranger = false): unknown[] {
  const request = new Request(LONGEST_KEPT);
  request.isStranger = isStranger;
  const results: unknown[] = [];
  let pending = Buffer.alloc(0);
  request.begin(pending);
  for (const piece of pieces) {
    const skipped = request.skip(piece.length);
    const start = request.needed;
    pending = Buffer.concat([pending.subarray(start), piece.subarray(skipped)]);
    request.moveTo(pending);
    for (let parsed = request.next(pending.length); ; parsed = request.next(pending.length)) {
      if (parsed === Parsed.COMMAND) {
        results.push(Array.from({ length: request.args.count }, (_, i) => request.args.text(i)));
      } else if (parsed === Parsed.TOO_LONG) results.push(`too long: ${request.args.text(0)}`);
      else if (parsed === Parsed.PROTEST) return [...results, request.protest];
      else if (parsed === Parsed.MORE) break;
    }
  }
  return results;
}

interface Assertions {
  strictSame(found: unknown, wanted: unknown, message: string): boolean;
}

/** Asserts what is found in bytes however they are cut in two or three, or come one by one. */
function isFound(t: Assertions, text: string, expected: readonly unknown[], isStranger = false): void {
  const bytes = Buffer.from(text, 'latin1');
  t.strictSame(found([bytes], isStranger), expected, JSON.stringify(text.slice(0, 60)));
  const cuts = bytes.length > 300 ? [1, 2, 3, 10, bytes.length - 3, bytes.length - 2, bytes.length - 1] : [];
  for (const cut of bytes.length > 300 ? cuts : bytes.keys()) {
    const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
    t.strictSame(found(pieces, isStranger), expected, `cut at ${cut}`);
  }
  const single = Array.from(bytes, (byte) => Buffer.from([byte]));
  t.strictSame(found(single, isStranger), expected, 'byte by byte');
}

test('arrays of strings, one behind the other', (t) => {
  isFound(t, '*1\r\n$4\r\nPING\r\n', [['PING']]);
  isFound(t, '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n', [
    ['SET', 'k', ''],
    ['GET', 'k'],
  ]);
  isFound(t, '*2\r\n$3\r\nGET\r\n$6\r\na\r\n$1\n\r\n', [['GET', 'a\r\n$1\n']]);
  isFound(t, '*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n', [['PING']]);
  const words = Array.from({ length: 300 }, (_, i) => `w${i}`);
  const many = `*300\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
  isFound(t, many + many, [words, words]);
  t.end();
});

test('lines, with quotes and escapes', (t) => {
  isFound(t, 'PING\r\n', [['PING']]);
  isFound(t, '\r\n\n  \r\nGET   k \r\nGET j\n', [
    ['GET', 'k'],
    ['GET', 'j'],
  ]);
  isFound(t, 'set "a b" \'c\\\'d\\n\' "\\x41\\n\\q"\n*1\r\n$4\r\nPING\r\n', [
    ['set', 'a b', "c'd\\n", 'A\nq'],
    ['PING'],
  ]);
  isFound(t, 'set a""\n', [['set', 'a']]);
  for (const bad of ['set "a', "set 'a", 'set "a"b', 'set a"b']) {
    isFound(t, `${bad}\n`, ['ERR Protocol error: unbalanced quotes in request']);
  }
  t.end();
});

test('what is no command ends with a protest', (t) => {
  const protests: readonly [text: string, protest: string][] = [
    ['*x\r\n', 'invalid multibulk length'],
    ['*2147483648\r\n', 'invalid multibulk length'],
    ['*99999999999999999999\r\n', 'invalid multibulk length'],
    ['*01\r\n', 'invalid multibulk length'],
    ['*1\r\n:1\r\n', "expected '$', got ':'"],
    ['*1\r\n$x\r\n', 'invalid bulk length'],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$536870913\r\n', 'invalid bulk length'],
    ['*1\r\n$+1\r\n', 'invalid bulk length'],
  ];
  for (const [text, protest] of protests) isFound(t, text, [`ERR Protocol error: ${protest}`]);
  const long = 'x'.repeat(64 * 1024 + 1);
  t.strictSame(found([Buffer.from(long)]), ['ERR Protocol error: too big inline request']);
  t.strictSame(found([Buffer.from(`*${long}`)]), ['ERR Protocol error: too big mbulk count string']);
  t.strictSame(found([Buffer.from(`*1\r\n$${long}`)]), ['ERR Protocol error: too big bulk count string']);
  t.end();
});

test('a client that has not said a password may say little', (t) => {
  isFound(t, '*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n', [['AUTH', 'x']], true);
  isFound(t, '*11\r\n', ['ERR Protocol error: unauthenticated multibulk length'], true);
  isFound(t, '*1\r\n$16385\r\n', ['ERR Protocol error: unauthenticated bulk length'], true);
  isFound(t, '*1\r\n$16384\r\n', [], true);
  t.end();
});

test('a word that is too long is passed over, and what follows is found', (t) => {
  const long = 'x'.repeat(LONGEST_KEPT + 1);
  isFound(t, `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${long.length}\r\n${long}\r\n*1\r\n$4\r\nPING\r\n`, [
    'too long: SET',
    ['PING'],
  ]);
  isFound(t, `*3\r\n$3\r\nSET\r\n$${long.length}\r\n${long}\r\n$1\r\nv\r\nPING\r\n`, [
    'too long: SET',
    ['PING'],
  ]);
  t.end();
});
