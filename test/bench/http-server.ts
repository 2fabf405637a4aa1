/** HTTP servers that answer a load as a test says. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { Test } from 'tap';

/** Resolves with its port on 127.0.0.1. It is stopped with the test. */
export async function serverOf(t: Test, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return address.port;
}
