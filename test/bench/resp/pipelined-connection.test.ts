/** The load's pipelined connection, against a server that keeps requests until it has enough of them. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { type Test, test } from 'tap';
import { respHead } from '../../../src/bench/load/answers.js';
import { NO_ANSWER } from '../../../src/bench/load/connection.js';
import { PipelinedConnection } from '../../../src/bench/load/pipelined-connection.js';

const TIMEOUT = 20_000;

async function connected(t: Test, onData: (socket: Socket, data: string) => void) {
  const server = createServer((socket) => {
    socket.setEncoding('latin1').setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (data) => onData(socket, String(data)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const connection = new PipelinedConnection(address.port, respHead);
  await connection.open();
  t.teardown(() => {
    connection.close();
    server.close();
  });
  const answer = (text: string) =>
    new Promise<string>((resolve) => {
      connection.send({ text }, (status, body) => resolve(`${status} ${body.toString('latin1')}`));
    });
  return { connection, answer };
}

test('requests leave together; each answer goes to its own, however they are cut', {
  timeout: TIMEOUT,
}, async (t) => {
  const received: string[] = [];
  const answers = ['+OK\r\n$3\r', '\nabc\r\n$-', '1\r\n'];
  const { answer } = await connected(t, (socket, data) => {
    received.push(data);
    const next = () => {
      const part = answers.shift();
      if (part !== undefined) socket.write(part, () => setImmediate(next));
    };
    next();
  });
  const all = await Promise.all(['a', 'b', 'c'].map(answer));
  t.strictSame(received, ['abc'], 'one write');
  t.strictSame(all, ['200 ', '200 abc', '404 ']);
});

test('who waits when the connection is lost gets no answer, and the next request opens it again', {
  timeout: TIMEOUT,
}, async (t) => {
  const { answer } = await connected(t, (socket, data) => {
    if (data === 'again') socket.write('+OK\r\n');
    else socket.destroy();
  });
  t.strictSame(await Promise.all(['a', 'b'].map(answer)), [`${NO_ANSWER} `, `${NO_ANSWER} `]);
  t.equal(await answer('again'), '200 ');
});
