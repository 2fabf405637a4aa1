/** Redis commands over HTTP: what a body may be, what is answered, and who may ask. */
import t, { type Test } from 'tap';
import { Tokens } from '../../src/limits/tokens.js';
import { type Setup, serve } from './server-under-test.js';

const NO_COMMAND =
  '{"error":"ERR failed to parse command: a command is a JSON array of strings, numbers and booleans"}';
const NO_COMMANDS =
  '{"error":"ERR failed to parse commands: they are a JSON array of commands, each an array itself"}';

async function served(t: Test, setup?: Setup) {
  const server = await serve(t, setup);
  return {
    ...server,
    post: async (path: string, body: string | Uint8Array, headers = {}) => {
      const { status, text } = await server.ask('POST', path, { body, headers });
      return [status, text];
    },
  };
}

t.test('one command', async (t) => {
  const { post, ask } = await served(t);
  const { status, headers, text } = await ask('POST', '/', { body: '["SET","k","v","EX",60]' });
  t.strictSame([status, text], [200, '{"result":"OK"}']);
  t.equal(headers['content-type'], 'application/json; charset=utf-8');
  t.equal(headers['content-length'], '15');
  t.notOk('x-cache' in headers);
  for (const [body, answer] of [
    ['["get","k"]', '{"result":"v"}'],
    [' [ "GET" , "none" ] ', '{"result":null}'],
    ['["SET","n",12345678901234567890]', '{"result":"OK"}'],
    ['["GET","n"]', '{"result":"12345678901234567890"}'],
    ['["SET","n",9007199254740993]', '{"result":"OK"}'],
    ['["INCR","n"]', '{"result":9007199254740994}'],
    ['["SET","n",1.50]', '{"result":"OK"}'],
    ['["GET","n"]', '{"result":"1.50"}'],
    ['["SET","n",-1e3]', '{"result":"OK"}'],
    ['["GET","n"]', '{"result":"-1e3"}'],
    ['["SET","b",true]', '{"result":"OK"}'],
    ['["MGET","b","none"]', '{"result":["true",null]}'],
    ['["SET","u","\\u0000\\u00ff\\ud83d\\ude00"]', '{"result":"OK"}'],
    ['["GET","u"]', '{"result":"\\u0000ÿ😀"}'],
    ['["SET","OK","OK"]', '{"result":"OK"}'],
    ['["CONFIG","GET","save"]', '{"result":["save",""]}'],
    ['["PING"]', '{"result":"PONG"}'],
    ['["KEYS","none*"]', '{"result":[]}'],
  ] as const) {
    t.strictSame(await post('/', body), [200, answer], body);
  }
  t.strictSame(await post('/v1', '["GET","k"]'), [200, '{"result":"v"}']);
  t.strictSame(await post('/v1/', '["GET","k"]'), [200, '{"result":"v"}']);
});

t.test('Base64, of what is text and what is not', async (t) => {
  const { post, ask } = await served(t);
  const base64 = { 'upstash-encoding': 'base64' };
  await ask('PUT', '/store/k', { body: Buffer.from([0xff, 0x61]) });
  t.strictSame(await post('/', '["GET","k"]'), [200, '{"result":"\ufffda"}']);
  t.strictSame(await post('/', '["GET","k"]', base64), [200, '{"result":"/2E="}']);
  t.strictSame(await post('/', '["SET","k","OK"]', base64), [200, '{"result":"OK"}']);
  t.strictSame(await post('/', '["GET","k"]', base64), [200, '{"result":"T0s="}']);
  t.strictSame(await post('/', '["INCR","n"]', base64), [200, '{"result":1}']);
  t.strictSame(await post('/pipeline', '[["MGET","k","none"],["NO"]]', base64), [
    200,
    `[{"result":["T0s=",null]},{"error":"ERR unknown command 'NO', with args beginning with: "}]`,
  ]);
  t.strictSame(await post('/multi-exec', '[["SET","k","v"],["KEYS","k"]]', base64), [
    200,
    '[{"result":"OK"},{"result":["aw=="]}]',
  ]);
});

t.test('what is no command is 400', async (t) => {
  const { post } = await served(t);
  for (const body of [
    '',
    '{',
    '[',
    '[]',
    '{}',
    'null',
    '"GET"',
    '7',
    '["GET",null]',
    '["GET",["k"]]',
    '[{}]',
  ])
    t.strictSame(await post('/', body), [400, NO_COMMAND], body);
  t.strictSame(await post('/', '[["GET","k"]]'), [400, NO_COMMAND]);
  for (const path of ['/pipeline', '/multi-exec', '/v1/pipeline', '/v1/multi-exec']) {
    for (const body of ['', '{', '{}', 'null', '["GET","k"]', '[[]]', '[["GET",null]]', '[["GET","k"],[]]'])
      t.strictSame(await post(path, body), [400, NO_COMMANDS], body);
    t.strictSame(await post(path, '[]'), [200, '[]']);
  }
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  t.strictSame(await post('/', deep), [400, NO_COMMAND], 'nested too deep to be parsed');
});

t.test('what a command comes to that fails', async (t) => {
  const { post } = await served(t);
  for (const [words, message] of [
    ['["NO","a b"]', "ERR unknown command 'NO', with args beginning with: 'a b' "],
    ['["GET"]', "ERR wrong number of arguments for 'get' command"],
    ['["INCRBY","n","x"]', 'ERR value is not an integer or out of range'],
    ['["SELECT",1]', 'ERR DB index is out of range'],
    ['[""]', "ERR unknown command '', with args beginning with: "],
  ] as const) {
    t.strictSame(await post('/', words), [400, JSON.stringify({ error: message })], words);
  }
  t.strictSame(
    await post('/', '["SET","k","v"]'),
    [200, '{"result":"OK"}'],
    'the next one is not touched by it',
  );
  for (const name of [
    'AUTH',
    'client',
    'Hello',
    'MULTI',
    'EXEC',
    'DISCARD',
    'WATCH',
    'UNWATCH',
    'QUIT',
    'RESET',
  ]) {
    const error = `ERR ${name.toLowerCase()} is about a connection: it can't be used over HTTP`;
    t.strictSame(await post('/', `["${name}","x"]`), [400, JSON.stringify({ error })], name);
    t.strictSame(
      await post('/multi-exec', `[["SET","k","w"],["${name}"]]`),
      [400, JSON.stringify({ error: `EXECABORT Transaction discarded because of: ${error}` })],
      name,
    );
  }
  t.strictSame(await post('/', '["GET","k"]'), [200, '{"result":"v"}']);
});

t.test('a body that is too large is 413, and its connection goes on', async (t) => {
  const { post } = await served(t, { maxValueSize: 10 });
  const large = Buffer.alloc(17 * 1024 * 1024, ' ');
  for (const path of ['/', '/pipeline', '/multi-exec']) {
    const [status, text] = await post(path, large);
    t.equal(status, 413, path);
    t.match(JSON.parse(String(text)), { statusCode: 413, error: 'Request Entity Too Large' });
  }
  const most = Buffer.alloc(16 * 1024 * 1024, ' ');
  most.write('["PING"]');
  t.strictSame(await post('/', most), [200, '{"result":"PONG"}']);
});

t.test('whatever type and encoding the body is said to have', async (t) => {
  const { post } = await served(t);
  for (const type of [
    'text/plain',
    'application/json; charset=latin1',
    'application/x-www-form-urlencoded',
    '/',
  ])
    t.strictSame(await post('/', '["PING"]', { 'content-type': type }), [200, '{"result":"PONG"}'], type);
});

t.test('other methods', async (t) => {
  const { ask } = await served(t);
  for (const path of ['/pipeline', '/multi-exec', '/v1/pipeline', '/v1/multi-exec']) {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const { status, headers } = await ask(method, path);
      t.strictSame([status, headers.allow], [405, 'POST'], `${method} ${path}`);
    }
  }
  const { status, headers } = await ask('PUT', '/');
  t.strictSame([status, headers.allow], [405, 'GET, HEAD, POST']);
});

t.test('tokens', async (t) => {
  const { post } = await served(t, { tokens: new Tokens('secret', 'look') });
  const full = { authorization: 'Bearer secret' };
  const readOnly = { authorization: 'Bearer look' };
  for (const path of ['/', '/pipeline', '/multi-exec', '/v1/pipeline']) {
    for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
      const [status, text] = await post(path, '["PING"]', headers);
      t.equal(status, 401, path);
      t.match(JSON.parse(String(text)), { statusCode: 401, error: 'Unauthorized' });
    }
  }
  const noPermission = "NOPERM User default has no permissions to run the 'set' command";
  t.strictSame(await post('/', '["SET","k","v"]', full), [200, '{"result":"OK"}']);
  t.strictSame(await post('/', '["GET","k"]', readOnly), [200, '{"result":"v"}']);
  t.strictSame(await post('/', '["SET","k","w"]', readOnly), [400, JSON.stringify({ error: noPermission })]);
  t.strictSame(await post('/pipeline', '[["SET","k","w"],["GET","k"]]', readOnly), [
    200,
    JSON.stringify([{ error: noPermission }, { result: 'v' }]),
  ]);
  t.strictSame(await post('/multi-exec', '[["GET","k"],["SET","k","w"]]', readOnly), [
    400,
    JSON.stringify({ error: `EXECABORT Transaction discarded because of: ${noPermission}` }),
  ]);
});
