/** Where answers end and what they say, in all protocols, however few of their bytes are there. */
import { test } from 'tap';
import { httpHead, memcachedHead, type ReadHead, respHead } from '../../../src/bench/load/answers.js';

type Case = readonly [answer: string, status: number, body: string];

const CASES: readonly [protocol: string, readHead: ReadHead, cases: readonly Case[]][] = [
  [
    'HTTP',
    httpHead,
    [
      ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nvalue', 200, 'value'],
      ['HTTP/1.1 404 Not Found\r\nx: y\r\ncontent-length:2\r\n\r\nno', 404, 'no'],
      ['HTTP/1.1 204 No Content\r\nx: y\r\n\r\n', 204, ''],
    ],
  ],
  [
    'RESP',
    respHead,
    [
      ['$5\r\nvalue\r\n', 200, 'value'],
      ['$0\r\n\r\n', 200, ''],
      ['$-1\r\n', 404, ''],
      ['+OK\r\n', 200, ''],
      ['-ERR wrong\r\n', 500, ''],
    ],
  ],
  [
    'memcached',
    memcachedHead,
    [
      ['VALUE key:1 0 5\r\nvalue\r\nEND\r\n', 200, 'value'],
      ['END\r\n', 404, ''],
      ['STORED\r\n', 200, ''],
      ['SERVER_ERROR out of memory\r\n', 500, ''],
    ],
  ],
];

for (const [protocol, readHead, cases] of CASES) {
  test(`answers of ${protocol}`, (t) => {
    for (const [answer, status, body] of cases) {
      const bytes = Buffer.from(`${answer}more`);
      const head = readHead(bytes);
      t.equal(head?.status, status, answer);
      t.equal(head?.length, answer.length, 'what follows is not part of it');
      t.equal(bytes.toString('latin1', head?.bodyStart, head?.bodyEnd), body);
      let isKnown = false;
      for (let length = 0; length < answer.length; length++) {
        const early = readHead(bytes.subarray(0, length));
        if (isKnown || early !== undefined) t.strictSame(early, head, `${length} bytes of it`);
        isKnown = early !== undefined;
      }
    }
    t.end();
  });
}

test('of HTTP, what ends the connection, and what has no length', (t) => {
  const answer = (header: string) => Buffer.from(`HTTP/1.1 200 OK\r\n${header}\r\n\r\n`);
  t.equal(httpHead(answer('Content-Length: 0\r\nConnection: close'))?.closes, true);
  t.equal(httpHead(answer('Content-Length: 0\r\nConnection: keep-alive'))?.closes, false);
  t.throws(() => httpHead(answer('Transfer-Encoding: chunked')), { message: /without Content-Length/ });
  t.end();
});
