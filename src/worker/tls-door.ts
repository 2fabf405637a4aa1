/**
 * TLS on connections that were accepted elsewhere: handshake, the choice of a protocol, and certificates that can be
 * exchanged while connections go on. Whoever wants to speak another protocol over TLS opens a door of its own with the
 * same identity.
 */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';

/** Who a server says it is. Plain data: it is posted to worker threads. */
export interface TlsIdentity {
  /** The certificate and those between it and a root, PEM. */
  readonly certificate: string;
  /** Its private key, PEM. */
  readonly key: string;
  /** 48 random bytes that all workers share, so that a client can resume with any of them what it began with another. */
  readonly ticketKeys: Uint8Array;
}

/** Bytes of {@link TlsIdentity.ticketKeys}. */
export const TICKET_KEY_BYTES = 48;

/** Milliseconds for a handshake. */
const HANDSHAKE_TIMEOUT = 10_000;

export interface TlsDoorOptions {
  /** What is offered by ALPN, the most wanted first; absent: clients need not say what they speak. */
  readonly protocols?: readonly string[];
  /** Takes a connection when its handshake is done; `alpnProtocol` says what was agreed on. */
  readonly onSecure: (socket: TLSSocket) => void;
  /** Milliseconds. */
  readonly handshakeTimeout?: number;
}

export class TlsDoor {
  readonly #server: Server;

  constructor(identity: TlsIdentity, { protocols, onSecure, handshakeTimeout }: TlsDoorOptions) {
    this.#server = createServer({
      ...contextOf(identity),
      handshakeTimeout: handshakeTimeout ?? HANDSHAKE_TIMEOUT,
      ...(protocols === undefined ? {} : { ALPNProtocols: [...protocols] }),
    });
    this.#server.on('secureConnection', onSecure);
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** Takes a connection that was accepted, and counted, elsewhere. Bytes read from it must have been unshifted. */
  handOver(socket: Socket): void {
    this.#server.emit('connection', socket);
  }

  /** New connections get another certificate, and what was begun with the old one can't be resumed. */
  use(identity: TlsIdentity): void {
    this.#server.setSecureContext(contextOf(identity));
  }
}

function contextOf({ certificate, key, ticketKeys }: TlsIdentity) {
  return { cert: certificate, key, ticketKeys: Buffer.from(ticketKeys), minVersion: 'TLSv1.2' as const };
}
