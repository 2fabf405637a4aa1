/**
 * A lock by port number that one hotshard at a time holds while it takes a port that it will share among its
 * workers. With `reusePort` the kernel lets every process of the same user listen on the same port, so two
 * servers started by mistake would both succeed and each get half of the connections.
 *
 * The lock is a listening socket in Linux's abstract namespace: it belongs to the same network namespace as the
 * port, leaves no file behind, and the kernel releases it however its process ends. Another user can hold it
 * and delay a start, no more than that.
 */
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** How long a start waits for another one on the same port number, in milliseconds. */
const LOCK_LIMIT = 5_000;
const LOCK_RETRY_INTERVAL = 20;

/**
 * Takes the lock of a port and resolves with the function that releases it.
 *
 * @throws with `code` EADDRINUSE when another start holds it for longer than `limit` milliseconds
 */
export async function takeStartLock(port: number, limit = LOCK_LIMIT): Promise<() => void> {
  const deadline = performance.now() + limit;
  for (;;) {
    const release = await tryLock(port);
    if (release !== undefined) return release;
    if (performance.now() >= deadline) {
      throw Object.assign(new Error(`listen EADDRINUSE: another hotshard is starting on port ${port}`), {
        code: 'EADDRINUSE',
        syscall: 'listen',
        port,
      });
    }
    await delay(LOCK_RETRY_INTERVAL);
  }
}

function tryLock(port: number): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.on('error', (error: NodeJS.ErrnoException) => {
      // A sandbox may forbid such sockets. The port is still probed then; only two simultaneous starts are not.
      resolve(error.code === 'EADDRINUSE' ? undefined : () => {});
    });
    server.listen({ path: `\0hotshard/start/${port}`, exclusive: true }, () => resolve(() => server.close()));
  });
}
