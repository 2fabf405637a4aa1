/** Arbitrary streams of requests for the comparison of the fast lane with the Hapi server, in arbitrary pieces. */
import fc from 'fast-check';

const BYTES_THAT_MATTER = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  '%',
  '/',
  '?',
  '#',
  '+',
  '-',
  '0',
  '9',
  'A',
  '\x7f',
  '\xff',
];

/**
 * What is read is never what is stored: the Hapi server begins with a pipelined request while it is still busy with
 * those before, so there a read may see what was before a write.
 */
function keyed(prefix: string, known: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...known) },
    {
      weight: 2,
      arbitrary: fc
        .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
        .map((text) => prefix + encodeURIComponent(text)),
    },
    { weight: 1, arbitrary: fc.stringMatching(/^[!-~]{0,8}$/).map((text) => prefix + text) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 509, max: 514 }).map((length) => prefix + 'x'.repeat(length)),
    },
  );
}

const readTarget = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .tuple(
        fc.constantFrom('/get/', '/get/', '/v1/get/', '/v1/v1/get/'),
        keyed('k', ['k', 'a:b', 'empty', '%C3%BC', '%6B', 'a%3ab', '']),
      )
      .map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: fc.constantFrom('/', '/v1', '/v1/', '/?key=k', '/healthz', '/nothing') },
);

const storeTarget = fc
  .tuple(
    fc.constantFrom('/store/', '/store/', '/v1/store/', '/Store/'),
    keyed('new', ['new1', 'new2', 'new%C3%BC', 'new%2F', 'new%']),
    fc.constantFrom('', '', '', '?ttl=100', '?ttl=0', '?ttl=x', '?'),
  )
  .map((parts) => parts.join(''));

const header = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('Accept: */*', 'User-Agent: x', 'connection: keep-alive', 'X-A:', 'Cookie: a'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'Connection: close',
      'Transfer-Encoding: chunked',
      'Content-Length: 3',
      'Content-Length: +3',
      'content-length: 0',
      'Host: other',
      'Upgrade: h2c',
      'TE: trailers',
      'X: a\r\n b',
    ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom('Authorization: ', 'authorization:', 'AUTHORIZATION:\t'),
        fc.constantFrom('Bearer ', 'Bearer ', 'bearer ', 'Bearer  ', 'Basic ', ''),
        fc.constantFrom('secret', 'secret', 'secret', 'secret', 'look', 'wrong', 'secret ', ''),
      )
      .map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: fc.stringMatching(/^[!-~]{1,8}: ?[ -~]{0,12}$/) },
);

const headers = fc
  .array(header, { maxLength: 4 })
  .map((lines) => ['Host: h', ...lines].map((line) => `${line}\r\n`).join(''));

const read = fc
  .tuple(fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST'), readTarget, headers)
  .map(([method, target, lines]) => `${method} ${target} HTTP/1.1\r\n${lines}\r\n`);

const body = fc.oneof(
  fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 40,
  }),
  fc.constantFrom('', 'GET /get/k HTTP/1.1\r\nHost: h\r\n\r\n', 'x'.repeat(1024), 'x'.repeat(1025)),
);

/** How far the length that is said is from the body's. */
const lengthError = fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 1);

const write = fc
  .tuple(fc.constantFrom('POST', 'PUT', 'POST', 'GET'), storeTarget, headers, body, lengthError)
  .map(
    ([method, target, lines, text, error]) =>
      `${method} ${target} HTTP/1.1\r\n${lines}Content-Length: ${Math.max(0, text.length + error)}\r\n\r\n${text}`,
  );

const stream = fc
  .array(fc.oneof({ weight: 3, arbitrary: read }, { weight: 2, arbitrary: write }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((requests) => requests.join(''));

const place = fc.double({ min: 0, max: 1, noNaN: true });

/** Puts something in, takes something out, or does both. */
const change = fc.tuple(
  place,
  fc.integer({ min: 0, max: 2 }),
  fc.oneof(fc.constantFrom(...BYTES_THAT_MATTER), fc.constant('')),
);

const changed = fc
  .tuple(
    stream,
    fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(change, { maxLength: 2 }) },
    ),
  )
  .map(([text, changes]) =>
    changes.reduce((current, [where, removed, added]) => {
      const at = Math.floor(where * current.length);
      return current.slice(0, at) + added + current.slice(at + removed);
    }, text),
  );

/** Requests in a row, some of them changed so that they may be none, in pieces. */
export const generatedPieces: fc.Arbitrary<Uint8Array[]> = fc
  .tuple(changed, fc.array(place, { maxLength: 5 }))
  .map(([text, cuts]) => {
    const bytes = Buffer.from(text, 'latin1');
    const places = [
      0,
      ...cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b),
      bytes.length,
    ];
    return places
      .slice(1)
      .map((end, i) => bytes.subarray(places[i], end))
      .filter(({ length }) => length > 0);
  });
