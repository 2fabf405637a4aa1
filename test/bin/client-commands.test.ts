/** `hotshard get`, `set`, `del` and `stats` against a server that keeps what it is sent. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type Test, test } from 'tap';
import { hotshard, hotshardHere } from './fixtures/run.js';

/** A server on a free port; what it answers is up to the test. */
async function serverUrl(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return `http://127.0.0.1:${address.port}`;
}

interface Cache {
  readonly url: string;
  readonly values: Map<string, Buffer>;
  /** The request lines it has seen. */
  readonly requests: string[];
}

/** The few paths of the HTTP interface that the commands use, over a `Map`. */
async function cache(t: Test): Promise<Cache> {
  const values = new Map<string, Buffer>();
  const requests: string[] = [];
  const url = await serverUrl(t, async (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk);
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const [, area, segment = ''] = path.split('/');
    const key = area === '' ? (new URLSearchParams(query).get('key') ?? '') : decodeURIComponent(segment);
    if (request.method === 'PUT') {
      values.set(key, Buffer.concat(body));
      response.end();
    } else if (request.method === 'DELETE') {
      response.writeHead(values.delete(key) ? 204 : 404).end();
    } else if (area === 'stats') {
      response.end(query === '' ? '{"keys":1,"hits":2}' : '{"keys":1,"hot":[],"hotSampling":{}}');
    } else {
      const value = values.get(key);
      response.writeHead(value === undefined ? 404 : 200).end(value);
    }
  });
  return { url, values, requests };
}

test('set stores, get prints exactly the bytes, del removes', async (t) => {
  const { url } = await cache(t);
  const target = ['--url', url];
  t.match(await hotshard(['set', 'user:1', 'Ada ä€😀\n', ...target]), {
    code: 0,
    stdout: Buffer.from(''),
    stderr: '',
  });

  const found = await hotshard(['get', 'user:1', ...target]);
  t.match(found, { code: 0, stderr: '' });
  t.equal(found.stdout.toString(), 'Ada ä€😀\n', 'without another newline where it is no terminal');

  t.match(await hotshard(['del', 'user:1', ...target]), { code: 0, stdout: Buffer.from(''), stderr: '' });
});

test('a key that is not there ends get and del with exit code 1 and one line', async (t) => {
  const { url } = await cache(t);
  for (const command of ['get', 'del']) {
    const { code, stdout, stderr } = await hotshardHere([command, 'nobody', '--url', url]);
    t.equal(code, 1, command);
    t.equal(stdout.length, 0);
    t.equal(stderr, 'hotshard: no value found for key "nobody"\n');
  }
});

test('keys and values arrive exactly as they were given', async (t) => {
  const { url, values } = await cache(t);
  for (const word of ['0x10', '-5', 'help', 'a/../b', '..', 'ä€😀', 'x\ny']) {
    values.clear();
    t.match(
      await hotshardHere(['set', word, word, '--url', url]),
      { code: 0, stderr: '' },
      JSON.stringify(word),
    );
    t.strictSame([...values], [[word, Buffer.from(word)]]);
    t.equal((await hotshardHere(['get', word, '--url', url])).stdout.toString(), word);
  }
});

test('after -- whatever begins with a dash is a key or a value', async (t) => {
  const { url, values } = await cache(t);
  for (const word of ['--weird', '--help', '--']) {
    values.clear();
    await hotshardHere(['set', '--url', url, '--', word, word]);
    t.strictSame([...values], [[word, Buffer.from(word)]], word);
    t.equal((await hotshardHere(['get', '--url', url, '--', word])).stdout.toString(), word);
    t.match(await hotshardHere(['del', '--url', url, '--', word]), { code: 0 });
  }
});

test('an empty value is stored', async (t) => {
  const { url, values } = await cache(t);
  t.match(await hotshardHere(['set', 'empty', '', '--url', url]), { code: 0 });
  t.strictSame(values.get('empty'), Buffer.alloc(0));
});

test('the value - is read from standard input, whatever its bytes', async (t) => {
  const { url, values } = await cache(t);
  const input = Buffer.concat([Buffer.from([0, 255, 254, 10, 13]), Buffer.alloc(200_000, 7)]);
  t.match(await hotshard(['set', 'bytes', '-', '--url', url], { input }), { code: 0, stderr: '' });
  t.ok(values.get('bytes')?.equals(input), 'stored');
  t.ok((await hotshard(['get', 'bytes', '--url', url])).stdout.equals(input), 'printed');
});

test('--ttl is sent in seconds, and only when it was given', async (t) => {
  const { url, requests } = await cache(t);
  await hotshardHere(['set', 'k', 'v', '--url', url]);
  await hotshardHere(['set', 'k', 'v', '--ttl', '250ms', '--url', url]);
  await hotshardHere(['set', 'k', 'v', '--ttl', '10m', '--url', url]);
  await hotshardHere(['set', 'k', 'v', '--ttl', '0', '--url', url]);
  t.strictSame(requests, [
    'PUT /store/k',
    'PUT /store/k?ttl=0.25',
    'PUT /store/k?ttl=600',
    'PUT /store/k?ttl=0',
  ]);
});

test('stats --hot prints the hot keys alone, as many as asked for', async (t) => {
  const { url, requests } = await cache(t);
  for (const [args, asked] of [
    [['--hot'], '/stats?hot=20'],
    [['--hot', '7'], '/stats?hot=7'],
  ] as const) {
    const { code, stdout } = await hotshardHere(['stats', '--url', url, ...args]);
    t.equal(code, 0);
    t.equal(requests.at(-1), `GET ${asked}`);
    t.strictSame(JSON.parse(stdout.toString()), { hot: [], hotSampling: {} });
  }
  const { code, stderr } = await hotshardHere(['stats', '--url', url, '--hot', '1001']);
  t.equal(code, 2);
  t.match(stderr, /bad value "1001" for --hot: must be a number of keys, 1 to 1000/);
});

test('stats prints indented JSON', async (t) => {
  const { url } = await cache(t);
  const { code, stdout } = await hotshardHere(['stats', '--url', url]);
  t.equal(code, 0);
  t.equal(stdout.toString(), '{\n  "keys": 1,\n  "hits": 2\n}\n');
});

test('a server that is out of reach ends every client command with exit code 1 and one line', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  server.close();
  await once(server, 'close');
  const url = `http://127.0.0.1:${address.port}`;
  for (const args of [['get', 'k'], ['set', 'k', 'v'], ['del', 'k'], ['stats']]) {
    const { code, stderr } = await hotshard([...args, '--url', url]);
    t.equal(code, 1, args[0]);
    t.match(stderr, /^hotshard: cannot talk to http:\/\/127\.0\.0\.1:\d+\/: connect ECONNREFUSED [^\n]+\n$/);
  }
});

test('a refusal of the server is passed on in one line, with Retry-After', async (t) => {
  const url = await serverUrl(t, (_request, response) => {
    response.writeHead(503, { 'retry-after': '2' });
    response.end('{"statusCode":503,"error":"Service Unavailable","message":"too busy\\nnow"}');
  });
  for (const args of [['get', 'k'], ['set', 'k', 'v'], ['del', 'k'], ['stats']]) {
    const { code, stderr } = await hotshardHere([...args, '--url', url]);
    t.equal(code, 1, args[0]);
    t.match(stderr, /answered 503 Service Unavailable \(try again after 2 s\): too busy now\n$/);
    t.equal(stderr.trim().split('\n').length, 1);
  }
});
