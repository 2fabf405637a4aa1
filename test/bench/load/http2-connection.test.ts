/** The load's connection of HTTP/2: what it asks for, and word of answers that don't come. */
import { once } from 'node:events';
import { createServer, type Http2Server, type Http2Session } from 'node:http2';
import { type Test, test } from 'tap';
import { NO_ANSWER } from '../../../src/bench/load/connection.js';
import { DIALECTS } from '../../../src/bench/load/dialects.js';
import { eachKey, type Request } from '../../../src/bench/load/requests.js';
import { freePort } from '../../../src/bench/load/server.js';

const { connect } = DIALECTS['hotshard over h2c'];

async function connectionTo(t: Test, server: Http2Server) {
  const sessions = new Set<Http2Session>();
  server.on('session', (session) => sessions.add(session));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  const connection = connect(address.port);
  t.teardown(() => {
    connection.close();
    for (const session of sessions) session.destroy();
    server.close();
  });
  await connection.open();
  return { sessions, ask: (request: Request | undefined) => answerOf(connection, request) };
}

function answerOf(connection: ReturnType<typeof connect>, request: Request | undefined) {
  if (request === undefined) throw new Error('no request');
  return new Promise<[number, string]>((resolve) => {
    connection.send(request, (status, body) => resolve([status, body.toString('latin1')]));
  });
}

const requestsOf = (operation: 'read' | 'write', valueSize?: number) =>
  eachKey({ dialect: 'hotshard over h2c', keys: 1, seed: 1, valueSize }, operation)();

test('reads and writes, with values of any length, go one after the other on one session', async (t) => {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked.push(`${request.method} ${request.url} ${body.length}`);
    response.writeHead(asked.length === 3 ? 404 : 200).end(`answer ${asked.length}`);
  });
  const { sessions, ask } = await connectionTo(t, server);
  t.strictSame(await ask(requestsOf('read')), [200, 'answer 1']);
  t.strictSame(await ask(requestsOf('write')), [200, 'answer 2']);
  t.strictSame(await ask(requestsOf('write', 100_000)), [404, 'answer 3']);
  t.strictSame(asked, ['GET /get/key:0 0', 'POST /store/key:0 32', 'POST /store/key:0 100000']);
  t.equal(sessions.size, 1);
});

test('a stream or a session that is lost gives no answer, and the next request opens another', async (t) => {
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    if (asked === 1) request.stream.close(2);
    else if (asked === 2) request.stream.session?.destroy();
    else response.end('answer');
  });
  const { ask } = await connectionTo(t, server);
  t.equal((await ask(requestsOf('read')))[0], NO_ANSWER);
  t.equal((await ask(requestsOf('read')))[0], NO_ANSWER);
  t.strictSame(await ask(requestsOf('read')), [200, 'answer']);
  const closed = connect(await freePort());
  await t.rejects(closed.open(), { code: 'ECONNREFUSED' });
});
