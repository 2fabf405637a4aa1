/** What `hotshard serve` says when the server can't start. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Test, test } from 'tap';
import { hotshard } from './fixtures/run.js';

/** A port of this machine that somebody else listens on. */
async function takenPort(t: Test): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return address.port;
}

test('a port in use ends it with exit code 1 and one line that names port and address', async (t) => {
  const port = await takenPort(t);
  for (const command of [[], ['serve']]) {
    const { code, stderr } = await hotshard([...command, '--port', `${port}`, '--workers', '1']);
    t.equal(code, 1);
    t.equal(
      stderr,
      `hotshard: port ${port} (--port) of 127.0.0.1 (--host) is in use: must be a free port, 0 = any free one\n`,
    );
  }
});

test('an address of another machine ends it with exit code 1 and one line that names it', async (t) => {
  // 192.0.2.0/24 is reserved for documentation: no machine has it
  const { code, stderr } = await hotshard(['--port', '0', '--host', '192.0.2.1', '--workers', '1']);
  t.equal(code, 1);
  t.match(stderr, /^hotshard: cannot listen on port 0 \(--port\) of 192\.0\.2\.1 \(--host\): [^\n]+\n$/);
});

test('warnings about the configuration are logged', async (t) => {
  const port = await takenPort(t);
  const { stdout } = await hotshard(['--workers', '1', '--concurrency-limit', '501'], {
    environment: { HOTSHARD_PORT: 'tcp://10.0.0.1:3000', PROXY_PORT: `${port}` },
  });
  const lines = stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.match(lines, [
    { level: 40, msg: /^HOTSHARD_PORT="tcp:\/\/10\.0\.0\.1:3000" is ignored/ },
    { level: 40, msg: /^--concurrency-limit is 501/ },
  ]);
});
