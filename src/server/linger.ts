/**
 * Lingering close: how a connection ends on which the client may still be sending. Closed at once, the kernel
 * would answer the unread bytes with a reset, and a reset can make the client lose the answer before it has
 * read it. So hotshard says goodbye, goes on reading for a while what it does not want, and closes then.
 */
import type { Socket } from 'node:net';

/** Longest that a lingering connection is read, in milliseconds. */
const LINGER_LIMIT = 30_000;

/** Longest silence on a lingering connection, in milliseconds. */
const LINGER_SILENCE = 5_000;

/** Ends the writing side now, and the connection when the client does or the limits are reached. */
export function lingeringClose(socket: Socket): void {
  socket.end();
  ignoreInput(socket);
  const limit = setTimeout(() => socket.destroy(), LINGER_LIMIT).unref();
  socket.setTimeout(LINGER_SILENCE, () => socket.destroy());
  socket.once('close', () => clearTimeout(limit));
}

/**
 * What still comes must not become requests. node:http would go on to parse them, give the first of them the connection
 * although earlier ones still wait for it, and end the process by a failed assertion when it is answered.
 */
function ignoreInput(socket: Socket): void {
  // A listener that is added has node's parser let go of the connection's handle: from then on data comes as events.
  socket.on('data', ignore);
  for (const listener of socket.rawListeners('data')) {
    if (listener !== ignore) socket.removeListener('data', listener as () => void);
  }
  socket.resume();
}

function ignore(): void {}

/**
 * Makes the end of a connection a lingering one, when node:http decides that it ends. It calls `destroySoon`
 * for that, once the answer is written.
 */
export function lingerAfterAnswer(socket: Socket): void {
  socket.destroySoon = () => lingeringClose(socket);
}
