/** Bodies on the wire: slow, split, broken off, too large. What is not complete is not stored. */
import t from 'tap';
import { type RawClient, serve, until } from './server-under-test.js';

const HOST = 'Host: h\r\n';
const chunk = (bytes: string): string => `${bytes.length.toString(16)}\r\n${bytes}\r\n`;

async function stillAnswers(client: RawClient): Promise<boolean> {
  await client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  return (await client.answer()).text === 'Hello, World!';
}

t.test('a body may come in any pieces', async (t) => {
  const { connect, ask } = await serve(t);
  const client = await connect();
  const request = `POST /store/k HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${chunk('ab')}${chunk('c')}0\r\n\r\n`;
  for (const byte of request) await client.send(byte);
  t.equal((await client.answer()).status, 200);
  t.equal((await ask('GET', '/get/k')).text, 'abc');
  t.ok(await stillAnswers(client));
});

t.test('pipelined requests are answered in order', async (t) => {
  const { connect } = await serve(t);
  const client = await connect();
  await client.send(
    `POST /store/k HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\n1GET /get/k HTTP/1.1\r\n${HOST}\r\n` +
      `PUT /store/k HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${chunk('2')}0\r\n\r\n` +
      `GET /get/k HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nxxGET /lookup?key=k HTTP/1.1\r\n${HOST}\r\n` +
      `DELETE /store/k HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nxxGET /get/k HTTP/1.1\r\n${HOST}\r\n`,
  );
  const answers = [];
  for (let i = 0; i < 7; i++) {
    const { status, text } = await client.answer();
    answers.push(`${status} ${text}`);
  }
  t.strictSame(answers, [
    '200 ',
    '200 1',
    '200 ',
    '200 2',
    '200 {"key":"k","value":"2","status":200}',
    '204 ',
    '404 No value found for key',
  ]);
});

t.test('a value of the largest size is stored, one byte more is 413', async (t) => {
  const { connect, ask } = await serve(t, { maxValueSize: 1024 });
  const bodies: [name: string, head: string, body: (value: string) => string][] = [
    ['announced', '', (value) => value],
    ['in one chunk', 'Transfer-Encoding: chunked\r\n', (value) => `${chunk(value)}0\r\n\r\n`],
    [
      'in small chunks',
      'Transfer-Encoding: chunked\r\n',
      (value) => `${[...value].map((byte) => chunk(byte)).join('')}0\r\n\r\n`,
    ],
  ];
  for (const [name, head, body] of bodies) {
    const client = await connect();
    for (const [length, status] of [
      [1024, 200],
      [1025, 413],
      [300_000, 413],
      [1024, 200],
    ] as const) {
      const value = 'v'.repeat(length);
      const announced = head === '' ? `Content-Length: ${length}\r\n` : head;
      await client.send(`POST /store/${status} HTTP/1.1\r\n${HOST}${announced}\r\n${body(value)}`);
      const answer = await client.answer();
      t.equal(answer.status, status, `${length} bytes ${name}`);
      if (status === 413) t.match(JSON.parse(answer.text), { statusCode: 413, message: /1024 bytes/ });
    }
    t.ok(await stillAnswers(client), `the connection goes on, ${name}`);
    t.equal((await ask('GET', '/get/413')).status, 404, 'nothing was stored');
  }
});

t.test('413 does not wait for a body without end', async (t) => {
  const { connect } = await serve(t, { maxValueSize: 1024 });
  const chunked = await connect();
  await chunked.send(
    `POST /store/k HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${chunk('v'.repeat(2000))}`,
  );
  const announced = await connect();
  await announced.send(`POST /store/k HTTP/1.1\r\n${HOST}Content-Length: 100000000000\r\n\r\nvvv`);
  for (const client of [chunked, announced]) {
    const answer = await client.answer();
    t.equal(answer.status, 413);
    t.equal(answer.headers.connection, 'close');
    await client.send('v'.repeat(1_000_000));
    t.equal(await client.end(), '', 'ended, not reset');
  }
});

t.test('Expect: 100-continue', async (t) => {
  const { connect, ask } = await serve(t, { maxValueSize: 1024 });
  const client = await connect();
  await client.send(`POST /store/k HTTP/1.1\r\n${HOST}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n`);
  t.equal((await client.answer()).status, 100, 'a body that fits is asked for');
  await client.send('ok');
  t.equal((await client.answer()).status, 200);
  t.equal((await ask('GET', '/get/k')).text, 'ok');

  for (const path of ['/', '/v1/', '/pipeline', '/v1/multi-exec']) {
    const head = `POST ${path} HTTP/1.1\r\n${HOST}Content-Length`;
    const commands = `[${' '.repeat(2000)}]`;
    await client.send(`${head}: ${commands.length}\r\nExpect: 100-continue\r\n\r\n`);
    t.equal((await client.answer()).status, 100, `commands may be longer than a value: ${path}`);
    await client.send(commands);
    const { status, headers } = await client.answer();
    t.ok(status === 200 || status === 400, `${path}: ${status}`);
    t.equal(headers.connection, 'keep-alive');
    const refused = await connect();
    await refused.send(`${head}: 17000000\r\nExpect: 100-continue\r\n\r\n`);
    t.equal((await refused.answer()).status, 413, `but not without end: ${path}`);
  }

  for (const path of ['/store/k', '/get/k', '/nowhere']) {
    const refused = await connect();
    await refused.send(
      `POST ${path} HTTP/1.1\r\n${HOST}Content-Length: 9999999999\r\nExpect: 100-continue\r\n\r\n`,
    );
    const answer = await refused.answer();
    t.equal(
      answer.status,
      { '/store/k': 413, '/get/k': 405, '/nowhere': 404 }[path],
      'one that does not is not',
    );
    t.equal(answer.headers.connection, 'close', path);
  }
});

t.test('a body that breaks off stores nothing and frees its place', async (t) => {
  const { connect, ask, state, cache } = await serve(t);
  const before = await ask('GET', '/stats');
  t.equal(JSON.parse(before.text).limits.inFlight, 1, 'the request that asks');
  for (const line of [
    'POST /store/broken',
    'GET /get/broken',
    'DELETE /store/broken',
    'PATCH /store/broken',
    'POST /nowhere',
  ]) {
    for (const head of ['Content-Length: 10', 'Transfer-Encoding: chunked']) {
      const requests = state.row(0).requests;
      const client = await connect();
      await client.send(
        `${line} HTTP/1.1\r\n${HOST}${head}\r\n\r\n${head.startsWith('C') ? 'half' : chunk('half')}`,
      );
      await until(() => state.row(0).requests > requests);
      client.destroy();
      await until(() => state.row(0).openConnections === 0);
      t.equal(cache.map.get('broken'), undefined, `${line}, ${head}`);
      t.equal(JSON.parse((await ask('GET', '/stats')).text).limits.inFlight, 1, `${line}, ${head}`);
    }
  }
});

t.test('refusals leave the connection usable when the body has ended', async (t) => {
  const { connect } = await serve(t);
  const client = await connect();
  const body = 'x'.repeat(200_000);
  const refused: [line: string, status: number][] = [
    ['POST /store/', 400],
    ['PUT /store/k?ttl=x', 400],
    ['PATCH /store/k', 405],
    ['POST /nowhere', 404],
    ['DELETE /store/none', 404],
  ];
  for (const [line, status] of refused) {
    await client.send(`${line} HTTP/1.1\r\n${HOST}Content-Length: ${body.length}\r\n\r\n${body}`);
    t.equal((await client.answer()).status, status, line);
    t.ok(await stillAnswers(client), line);
  }
});
