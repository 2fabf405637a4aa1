/** Requests for the comparison of the fast lane with the Hapi server: valid, odd and hostile ones. */

const HOST = 'Host: cache.example:3000\r\n';

function get(target: string, headers = HOST, version = 'HTTP/1.1'): string {
  return `GET ${target} ${version}\r\n${headers}\r\n`;
}

function store(target: string, body: string, headers = HOST): string {
  return `POST ${target} HTTP/1.1\r\n${headers}Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n\r\n${body}`;
}

function withHeader(line: string): string {
  return get('/get/k', `${HOST}${line}\r\n`);
}

/** A request that stores `abcde`, with its headers for the length and the bytes after its head replaced. */
function framed(headers: string, rest: string): string {
  return `POST /store/k HTTP/1.1\r\n${HOST}${headers}\r\n${rest}`;
}

/** By what they show; latin1. All of them come to a server that has `k`, `a:b`, `ü`, `empty` and `large`. */
export const REQUESTS: Readonly<Record<string, string>> = {
  'a hit': get('/get/k'),
  'a miss': get('/get/nothing'),
  'an empty value': get('/get/empty'),
  'a value larger than what is gathered': get('/get/large') + get('/get/k'),
  'HEAD of a hit': 'HEAD /get/k HTTP/1.1\r\nHost: h\r\n\r\n',
  'HEAD of a large value': 'HEAD /get/large HTTP/1.1\r\nHost: h\r\n\r\n',
  'HEAD of a miss': 'HEAD /get/nothing HTTP/1.1\r\nHost: h\r\n\r\n',
  'the root': get('/'),
  'HEAD of the root': 'HEAD / HTTP/1.1\r\nHost: h\r\n\r\n',
  'the root with a key': get('/?key=k') + get('/?key='),
  'the root with a fragment or an empty query': get('/#a') + get('/?') + get('/get/k?') + get('/get/k#k'),
  'under /v1': get('/v1/get/k') + get('/v1') + get('/v1/') + get('/v1/get/nothing') + get('/v2/get/k'),
  'under /v1, stored': store('/v1/store/new', 'value'),
  'paths that are almost known':
    get('/get') +
    get('/get/') +
    get('/gets/k') +
    get('/ge') +
    get('/GET/k') +
    get('/v1get/k') +
    get('//get/k'),
  'paths that are almost known, to store':
    store('/store', 'x') + store('/store/', 'x') + store('/stores/k', 'x'),
  'deeper paths': get('/get/k/') + get('/get/k/k') + store('/store/k/k', 'x'),
  'a path after another': `${get('/store/k')}${store('/get/k', 'x')}PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n`,
  'dots for keys': get('/get/.') + get('/get/..') + get('/get/...') + get('/get/%2e%2E'),
  'dots for keys, to store': store('/store/..', 'two') + store('/store/%2e', 'one'),
  'dots under the root': get('/./get/k') + get('/../get/k') + get('/v1/../get/k'),
  'all that may stand in a path':
    store("/store/AZaz09-._~!$&'()*+,;=:@", 'all') + get("/get/az09-._~!$&'()*+,;=:@"),
  'all that may not stand in a path': ['"', '<', '>', '\\', '^', '`', '{', '|', '}', '[', ']']
    .map((character) => store(`/store/x${character}x`, 'odd') + get(`/get/y${character}y`))
    .join(''),
  'every ASCII character escaped': Array.from({ length: 128 }, (_, code) =>
    store(`/store/x%${code.toString(16).padStart(2, '0')}`, 'escaped'),
  ).join(''),
  escapes: get('/get/%6b') + get('/get/a%3Ab') + get('/get/a%3ab') + get('/get/a%2Fb') + get('/get/%2525'),
  'escapes of UTF-8':
    get('/get/%C3%BC') +
    get('/get/%c3%bc') +
    store('/store/%F0%9F%8E%89', 'party') +
    get('/get/%F0%9F%8E%89'),
  'escapes that are none': get('/get/%') + get('/get/%k') + get('/get/%6') + get('/get/%6g') + get('/get/k%'),
  'escapes that are no UTF-8':
    get('/get/%FF') + get('/get/%C3') + get('/get/%C0%AF') + get('/get/%ED%A0%80') + get('/get/%F4%90%80%80'),
  'escapes that are no UTF-8, to store': store('/store/%C3%28', 'x') + store('/store/%80', 'x'),
  'a plus': store('/store/a+b', 'plus') + store('/store/a%20b', 'space') + store('/store/c%2Bd', 'escaped'),
  'the longest key': store(`/store/${'k'.repeat(512)}`, 'long') + get(`/get/${'l'.repeat(512)}`),
  'a longer key': store(`/store/${'k'.repeat(513)}`, 'long') + get(`/get/${'l'.repeat(513)}`),
  'the longest key in escapes': store(`/store/${'%6b'.repeat(512)}`, 'long') + get(`/get/${'l'.repeat(512)}`),
  'a longer key in escapes': get(`/get/${'%6b'.repeat(513)}`),
  'a key too long by its escapes': get(`/get/${'k'.repeat(511)}%C3%BC`),
  'stored and read': store('/store/new', 'value'),
  'stored with PUT': 'PUT /store/new HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab',
  'stored bytes': store('/store/new', '\x00\xff\r\n\r\nGET / HTTP/1.1\r\n\r\n'),
  'stored nothing': store('/store/new', ''),
  'stored as large as may be': store('/store/new', 'x'.repeat(1024)),
  'stored too large': store('/store/new', 'x'.repeat(1025)),
  'stored without a length': framed('', ''),
  'stored with a time to live':
    store('/store/new?ttl=100', 'x') + store('/store/k?ttl=0', 'x') + store('/store/a:b?ttl=00200', 'x'),
  'times to live of other kinds': [
    '1.5',
    '1e3',
    '-1',
    '',
    'x',
    '%31',
    '+1',
    '1000000000',
    '999999999',
    '99999999999999999',
  ]
    .map((ttl) => store(`/store/new${ttl.length}?ttl=${ttl}`, 'x'))
    .join(''),
  'other queries':
    store('/store/new?ttl=9&ttl=9', 'x') +
    store('/store/new?TTL=9', 'x') +
    store('/store/new?x=9', 'y') +
    store('/store/n2?', 'z') +
    get('/get/k?ttl=9'),
  'a length of 0 with GET': get('/get/k', `${HOST}Content-Length: 0\r\n`),
  'a body with GET': `${get('/get/k', `${HOST}Content-Length: 3\r\n`)}abc${get('/get/a:b')}`,
  'other methods': ['DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'get', 'Get', 'PROPFIND']
    .map((method) => `${method} /store/k HTTP/1.1\r\n${HOST}\r\n`)
    .join(''),
  'a method that is none': 'GEX /get/k HTTP/1.1\r\nHost: h\r\n\r\n',
  'a method that goes on': 'GETS /get/k HTTP/1.1\r\nHost: h\r\n\r\n',
  'HTTP/1.0': get('/get/k', HOST, 'HTTP/1.0'),
  'HTTP/1.0 that is to be kept': get('/get/k', `${HOST}Connection: keep-alive\r\n`, 'HTTP/1.0'),
  'HTTP/1.2': get('/get/k', HOST, 'HTTP/1.2'),
  'HTTP/2.0': get('/get/k', HOST, 'HTTP/2.0'),
  'HTTP/0.9': 'GET /get/k\r\n',
  'HTTP/0.9 with headers': get('/get/k', HOST, 'HTTP/0.9'),
  'HTTP/2.0 with a body': `POST /store/new HTTP/2.0\r\n${HOST}Content-Length: 1\r\n\r\nx${get('/get/k')}`,
  'http/1.1': get('/get/k', HOST, 'http/1.1'),
  'almost the beginning of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n',
  'a space too many before the version': get('/get/k '),
  'a space too many before the path': get(' /get/k'),
  'a tab after the method': 'GET\t/get/k HTTP/1.1\r\nHost: h\r\n\r\n',
  'a space after the version': 'GET /get/k HTTP/1.1 \r\nHost: h\r\n\r\n',
  'an absolute target': get('http://cache.example/get/k'),
  'a target without slash': get('get/k'),
  'the target *': get('*'),
  'lines before a request': `\r\n\r\n${get('/get/k')}\r\n${get('/get/k')}`,
  'no Host': get('/get/k', ''),
  'an empty Host': get('/get/k', 'Host:\r\n') + get('/get/k', 'Host: \r\n'),
  'two Hosts': get('/get/k', 'Host: a\r\nHost: a\r\n'),
  'odd Hosts': ['a b', 'a/b', 'a@b', '::1', '[::1]:80', 'a:b:c', 'a,b', '%61', 'a?b']
    .map((host) => get('/get/k', `Host: ${host}\r\n`))
    .join(''),
  'HOST and hOsT': get('/get/k', 'HOST: a\r\n') + get('/get/k', 'hOsT:a\r\n'),
  'a Host that is not the first': get('/get/k', `Accept: */*\r\n${HOST}User-Agent: wrk\r\n`),
  'keep-alive':
    withHeader('Connection: keep-alive') +
    withHeader('connection:KEEP-ALIVE') +
    withHeader('Connection: Keep-Alive '),
  'closed by the client': withHeader('Connection: close') + get('/get/a:b'),
  'closed with keep-alive': withHeader('Connection: keep-alive, close'),
  'closed after keep-alive': withHeader('Connection: keep-alive\r\nConnection: close'),
  'another Connection':
    withHeader('Connection: foo') + withHeader('Connection: ') + withHeader('Connection: te'),
  'Proxy-Connection': withHeader('Proxy-Connection: close') + get('/get/a:b'),
  'Keep-Alive': withHeader('Keep-Alive: timeout=1, max=1') + get('/get/a:b'),
  'an upgrade': withHeader('Connection: upgrade\r\nUpgrade: websocket'),
  'an upgrade to HTTP/2': withHeader(
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
  ),
  'an upgrade that is not said in Connection': withHeader('Upgrade: websocket') + get('/get/a:b'),
  'an expectation': framed('Expect: 100-continue\r\nContent-Length: 3\r\n', 'abc') + get('/get/a:b'),
  'another expectation': withHeader('Expect: miracles'),
  'headers that change nothing here': get(
    '/get/k',
    `${HOST}User-Agent: curl/8\r\nAccept: application/json\r\nAccept-Encoding: gzip, br\r\nAccept-Language: de\r\nAccept-Charset: utf-16\r\nCookie: a=b; c\r\nCache-Control: no-cache\r\nPragma: no-cache\r\nRange: bytes=0-0\r\nIf-None-Match: *\r\nIf-Match: "x"\r\nIf-Modified-Since: Sat, 21 Nov 2026 18:03:32 GMT\r\nIf-Range: "x"\r\nOrigin: http://elsewhere\r\nReferer: http://elsewhere/\r\nX-Forwarded-For: 1.2.3.4\r\nX-Http-Method-Override: DELETE\r\nX-Request-Id: 1\r\nForwarded: for=1.2.3.4\r\nDNT: 1\r\nSec-Fetch-Mode: cors\r\nVia: 1.1 proxy\r\nDate: today\r\nContent-Type: bad;;\r\nContent-Language: de\r\nContent-Range: bytes 0-0/1\r\nTraceparent: 00-0-0-00\r\nAccess-Control-Request-Method: PUT\r\n`,
  ),
  'headers of a body that change nothing here':
    framed(
      'Content-Type: application/json\r\nContent-Length: 2\r\nContent-MD5: x\r\nContent-Disposition: inline\r\nCookie: =;;\r\n',
      'no',
    ) +
    framed('Content-Type: nonsense;;;\r\nContent-Length: 2\r\n', 'no') +
    get('/get/a:b'),
  'headers that are not for the fast lane':
    withHeader('TE: trailers') +
    withHeader('Trailer: x') +
    withHeader('Authorization: Bearer x') +
    withHeader('Content-Encoding: gzip') +
    withHeader('Upstash-Encoding: base64'),
  'Content-Encoding of a body':
    framed('Content-Encoding: gzip\r\nContent-Length: 3\r\n', 'abc') + get('/get/a:b'),
  'bytes in headers':
    withHeader('X: \xe4\xf6') + withHeader('X: a\tb') + withHeader('X:\t\t a \t') + withHeader('X:'),
  'a control character in a header': withHeader('X: a\x01b'),
  'a delete character in a header': withHeader('X: a\x7fb'),
  'a NUL in a header': withHeader('X: a\0b'),
  'a NUL in a name': withHeader('X\0: a'),
  'a NUL in the target': get('/get/a\0b'),
  'a NUL after a request': `${get('/get/k')}\0`,
  'a name of other characters': withHeader("!#$%&'*+-.^_`|~1: x") + withHeader('(x): y'),
  'bytes beyond ASCII in a name': withHeader('X\xe4: a'),
  'bytes beyond ASCII in the target': get('/get/\xc3\xbc'),
  'a header without a name': withHeader(': x'),
  'a header without a colon': withHeader('nothing'),
  'a space before a colon': framed('Content-Length : 3\r\n', 'abc'),
  'a tab before a colon': withHeader('X\t: y'),
  'a space before a name': withHeader(' X: y'),
  'a folded header': withHeader('X: y\r\n z'),
  'a folded length': framed('Content-Length:\r\n 3\r\n', 'abc'),
  'a space before the first header': 'GET /get/k HTTP/1.1\r\n Host: h\r\n\r\n',
  'bare LF': 'GET /get/k HTTP/1.1\nHost: h\n\n',
  'bare LF after the request line': 'GET /get/k HTTP/1.1\nHost: h\r\n\r\n',
  'bare LF after a header': 'GET /get/k HTTP/1.1\r\nHost: h\nX: y\r\n\r\n',
  'bare LF at the end of the head': 'GET /get/k HTTP/1.1\r\nHost: h\r\n\n',
  'bare CR in a header': withHeader('X: a\rb'),
  'bare CR after a header': 'GET /get/k HTTP/1.1\r\nHost: h\rX: y\r\n\r\n',
  'bare CR at the end of the head': 'GET /get/k HTTP/1.1\r\nHost: h\r\n\rx',
  'bare CR in the target': get('/get/a\rb'),
  'CR CR LF': 'GET /get/k HTTP/1.1\r\r\nHost: h\r\n\r\n',
  'a length with a sign': framed('Content-Length: +5\r\n', 'abcde'),
  'a length below 0': framed('Content-Length: -5\r\n', 'abcde'),
  'a length with zeros before it': framed('Content-Length: 005\r\n', 'abcde') + get('/get/a:b'),
  'a length with spaces': framed('Content-Length:   5  \r\n', 'abcde') + get('/get/a:b'),
  'a length with a space in it': framed('Content-Length: 5 5\r\n', 'abcde'),
  'a length with a comma': framed('Content-Length: 5, 5\r\n', 'abcde'),
  'a length in hexadecimal': framed('Content-Length: 0x5\r\n', 'abcde'),
  'a length in other digits': framed('Content-Length: 5e0\r\n', 'abcde'),
  'a length that is a fraction': framed('Content-Length: 5.0\r\n', 'abcde'),
  'an empty length': framed('Content-Length: \r\n', 'abcde'),
  'a length beyond all numbers': framed('Content-Length: 18446744073709551621\r\n', 'abcde'),
  'a length that would be negative in 32 bits': framed('Content-Length: 4294967301\r\n', 'abcde'),
  'two lengths': framed('Content-Length: 5\r\nContent-Length: 5\r\n', 'abcde'),
  'two lengths that differ': framed('Content-Length: 5\r\nContent-Length: 6\r\n', 'abcdef'),
  'two lengths in other letters': framed('Content-Length: 5\r\ncontent-length: 0\r\n', 'abcde'),
  'length and chunks': framed('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
  'chunks and length': framed('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'),
  'length and an encoding that is none': framed(
    'Content-Length: 5\r\nTransfer-Encoding: identity\r\n',
    'abcde',
  ),
  'length and an odd encoding': framed('Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n', 'abcde'),
  'an encoding with a space before its colon': framed(
    'Content-Length: 5\r\nTransfer-Encoding : chunked\r\n',
    'abcde',
  ),
  'an encoding in a folded line': framed(
    'Content-Length: 5\r\nX: y\r\n Transfer-Encoding: chunked\r\n',
    'abcde',
  ),
  chunks: framed('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n') + get('/get/a:b'),
  'chunks with extension and trailer':
    framed('Transfer-Encoding: chunked\r\n', '3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n') + get('/get/a:b'),
  'chunks of bad sizes': framed('Transfer-Encoding: chunked\r\n', '+3\r\nabc\r\n0\r\n\r\n'),
  'chunks of huge sizes': framed('Transfer-Encoding: chunked\r\n', 'ffffffffffffffff1\r\nabc'),
  'chunks with bare LF': framed('Transfer-Encoding: chunked\r\n', '3\nabc\n0\n\n'),
  'chunks twice': framed('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'),
  'chunks with GET': `${get('/get/k', `${HOST}Transfer-Encoding: chunked\r\n`)}0\r\n\r\n${get('/get/a:b')}`,
  'chunks after another encoding': framed('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'),
  'a request in a body': store('/store/new', get('/get/k')),
  'a request behind a body that is longer than it says': `${store('/store/new', 'abc')}def${get('/get/k')}`,
  'a body that does not come': framed('Content-Length: 1000\r\n', 'abc'),
  'a head that does not end': 'GET /get/k HTTP/1.1\r\nHost: h\r\nX: ',
  'a long head':
    withHeader(`X: ${'x'.repeat(6_900)}`) +
    withHeader(`X: ${'x'.repeat(7_200)}`) +
    withHeader(`X: ${'x'.repeat(15_000)}`),
  'a head too long': withHeader(`X: ${'x'.repeat(17_000)}`),
  'a hundred headers': withHeader(`${'a:\r\n'.repeat(98)}b: c`) + withHeader(`${'a:\r\n'.repeat(99)}b: c`),
  'many headers': withHeader(`${'a:\r\n'.repeat(1_700)}b: c`),
  'too many headers for Node to see the last': get('/get/k', `${'a:\r\n'.repeat(2_100)}${HOST}`),
  'a target too long': get(`/get/${'k'.repeat(20_000)}`),
  'pipelined without a break':
    get('/get/k').repeat(200) + store('/store/new', 'new') + get('/get/k').repeat(50),
  'pipelined, one of them for Hapi': `${get('/get/k').repeat(20)}${get('/healthz')}${get('/get/k').repeat(20)}${store('/store/new', 'v')}${get('/get/k')}`,
  'pipelined, one of them malformed': `${get('/get/k').repeat(5)}nonsense\r\n\r\n${get('/get/k')}`,
  'other routes':
    get('/healthz') +
    get('/readyz') +
    get('/lookup?key=k') +
    get('/metricz') +
    'DELETE /store/k HTTP/1.1\r\nHost: h\r\n\r\n' +
    get('/get/k'),
  CONNECT: 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n',
  'no HTTP': 'hello there\r\n\r\n',
  'a Redis command': '*1\r\n$4\r\nPING\r\n',
  nothing: '',
};

const AUTHORIZATION = 'Authorization: Bearer secret\r\n';

function getWith(authorization: string, target = '/get/k'): string {
  return get(target, `${HOST}${authorization}`);
}

/** For a server with the token `secret` and the read-only token `look`. */
export const REQUESTS_WITH_TOKENS: Readonly<Record<string, string>> = {
  'no token': get('/get/k') + store('/store/new', 'x') + get('/get/k'),
  'the right token':
    getWith(AUTHORIZATION) +
    getWith(AUTHORIZATION, '/get/nothing') +
    store('/store/new', 'x', HOST + AUTHORIZATION) +
    getWith(AUTHORIZATION, '/healthz') +
    getWith(AUTHORIZATION, '/lookup?key=k'),
  'the right token with HEAD': `HEAD /get/k HTTP/1.1\r\n${HOST}${AUTHORIZATION}\r\n`,
  'what is open': `${get('/')}HEAD / HTTP/1.1\r\nHost: h\r\n\r\n${get('/v1')}${get('/healthz')}${get('/readyz')}${get('/')}`,
  'what is open, with tokens': getWith(AUTHORIZATION, '/') + getWith('Authorization: Bearer x\r\n', '/'),
  'the root with a key': get('/?key=k') + getWith(AUTHORIZATION, '/?key=k') + get('/?') + get('/?x'),
  'wrong tokens': ['wrong', 'secre', 'secrets', 'Secret', 'secret,', '"secret"', 'secret secret', '']
    .map((token) => getWith(`Authorization: Bearer ${token}\r\n`))
    .join(''),
  'a long token': getWith(`Authorization: Bearer ${'s'.repeat(600)}\r\n`) + getWith(AUTHORIZATION),
  'the read-only token':
    getWith('Authorization: Bearer look\r\n') +
    store('/store/new', 'x', `${HOST}Authorization: Bearer look\r\n`) +
    getWith('Authorization: Bearer look\r\n', '/get/a:b'),
  'the read-only token, with what is no key': ['%FF', '%', 'k%zz', '']
    .map((key) => store(`/store/${key}`, 'x', `${HOST}Authorization: Bearer look\r\n`))
    .join(''),
  'the read-only token deletes': `DELETE /store/k HTTP/1.1\r\n${HOST}Authorization: Bearer look\r\n\r\n${getWith(AUTHORIZATION)}`,
  'tokens of several requests':
    getWith(AUTHORIZATION) + get('/get/k') + getWith('Authorization: Bearer look\r\n') + get('/get/k'),
  'odd spacing': [
    'Authorization:Bearer secret',
    'Authorization:  Bearer secret  ',
    'Authorization:\tBearer secret\t',
    'Authorization: Bearer  secret',
    'Authorization: Bearer\tsecret',
    'Authorization: Bearersecret',
    'Authorization : Bearer secret',
    ' Authorization: Bearer secret',
    'Authorization: Bearer\r\n secret',
  ]
    .map((line) => getWith(`${line}\r\n`))
    .join(''),
  'other letters': [
    'AUTHORIZATION: BEARER secret',
    'authorization: bearer secret',
    'authorization: bEaReR secret',
    'Authorization: Basic secret',
    'Authorization: Bearer',
    'Authorization: secret',
    'Authorization:',
    'Proxy-Authorization: Bearer secret',
    'Authorizatiom: Bearer secret',
  ]
    .map((line) => getWith(`${line}\r\n`))
    .join(''),
  'bytes that are no letters of the scheme': getWith('Authorization: \x02earer secret\r\n'),
  'two tokens, the first of which counts': [
    ['secret', 'secret'],
    ['secret', 'wrong'],
    ['wrong', 'secret'],
    ['look', 'secret'],
  ]
    .map(([first, second]) =>
      store(
        '/store/new',
        'x',
        `${HOST}Authorization: Bearer ${first}\r\nAuthorization: Bearer ${second}\r\n`,
      ),
    )
    .join(''),
  'refused with a body': `${store('/store/new', 'x'.repeat(2000))}${getWith(AUTHORIZATION)}`,
  'refused with chunks': `${framed('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\r\n')}${getWith(AUTHORIZATION)}`,
  'refused with chunks that are none': framed('Transfer-Encoding: chunked\r\n', 'nonsense\r\n'),
  'unknown paths': get('/unknown') + getWith(AUTHORIZATION, '/unknown') + get('/get/') + get('*'),
  'pipelined, with the token': getWith(AUTHORIZATION).repeat(50),
};
