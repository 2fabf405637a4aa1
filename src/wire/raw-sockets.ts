/**
 * Accepts connections so that what they bring is read into one buffer of the caller's, instead of a new one for each
 * read and through a stream: that is a quarter of what a small request costs Node.
 *
 * `onread` is a public option of sockets, but only of those that connect. One that was accepted has it when it is made
 * here, over the handle that the listening socket gives; that a handle is there to be had is not documented. All that
 * leans on it is in this file. Where a Node has it otherwise, sockets are plain ones and give `'data'` events.
 */
import { type Server, Socket, type SocketConstructorOpts } from 'node:net';

/** Takes the first `length` of `bytes`; the next read, of any connection, overwrites them. */
export type Reader = (bytes: Buffer, length: number) => void;

/** Is given a connection, and what gives its bytes back to the socket as a stream; returns who takes them until then. */
export type OnSocket = (socket: Socket, giveBack: () => void) => Reader;

/** What is relied on of an accepted connection's handle. */
interface ConnectionHandle {
  readonly useUserBuffer: (buffer: Uint8Array) => void;
}

/** What is relied on of a listening socket's handle. */
interface ListeningHandle extends ConnectionHandle {
  onconnection: (this: ListeningHandle, error: number, connection: ConnectionHandle | undefined) => void;
}

/**
 * To be called before the server listens, with one that allows half-open connections.
 *
 * @param buffer what is read goes here
 * @param onSocket called with every connection before the server's other listeners, and with what gives its bytes back
 *   to the socket as a stream; returns who takes them until then
 * @param hasPlainSockets whether to do as where Node lacks what is relied on; for tests
 */
export function acceptRaw(server: Server, buffer: Buffer, onSocket: OnSocket, hasPlainSockets = false): void {
  const made = new WeakSet<Socket>();
  server.on('connection', (socket: Socket) => {
    if (!made.has(socket)) readPlain(socket, onSocket);
  });
  if (hasPlainSockets) return;
  server.on('listening', () => {
    const handle = listeningHandle(server);
    if (handle === undefined) return;
    const { onconnection } = handle;
    handle.onconnection = function (error, connection) {
      if (error !== 0 || connection === undefined) {
        onconnection.call(this, error, connection);
        return;
      }
      const reading: { by: Reader } = { by: () => {} };
      const socket = socketOver(connection, buffer, reading);
      made.add(socket);
      reading.by = onSocket(socket, () => {
        reading.by = (bytes, length) => socket.push(Buffer.from(bytes.subarray(0, length)));
      });
      server.emit('connection', socket);
    };
  });
}

/** The same for a connection that was accepted otherwise: it gives `'data'` events. */
export function readPlain(socket: Socket, onSocket: OnSocket): void {
  const onData = (chunk: Buffer): void => reader(chunk, chunk.length);
  const reader = onSocket(socket, () => socket.off('data', onData));
  socket.on('data', onData);
}

/** Undefined where a Node does not have what is relied on. */
function listeningHandle(server: Server): ListeningHandle | undefined {
  const { _handle: handle } = server as { _handle?: Partial<ListeningHandle> | null };
  if (typeof handle?.onconnection !== 'function' || typeof handle.useUserBuffer !== 'function')
    return undefined;
  return handle as ListeningHandle;
}

/** A socket over a handle. Nothing is read before the event loop goes on: there is time to say by whom. */
function socketOver(handle: ConnectionHandle, buffer: Buffer, reading: { by: Reader }): Socket {
  const options: SocketConstructorOpts & { handle: ConnectionHandle } = {
    handle,
    allowHalfOpen: true,
    onread: {
      buffer,
      callback: (length) => {
        reading.by(buffer, length);
        return true;
      },
    },
  };
  return new Socket(options);
}
