/**
 * How one worker comes by its listening socket. The supervisor decides it and writes a ticket; the worker
 * that gets the ticket listens with it and then owns the socket: closing it takes nothing from the others.
 */
import type { AddressInfo, Server } from 'node:net';

/** Connections the kernel keeps for a listening socket until they are accepted; it caps this at `somaxconn`. */
export const LISTEN_BACKLOG = 4096;

export type ListenTicket =
  /** Nobody else may listen there. An empty host is all addresses, port 0 any free one. */
  | { readonly kind: 'exclusive'; readonly host: string; readonly port: number }
  /** A socket of its own beside those of the other workers; the kernel spreads connections over them. */
  | { readonly kind: 'reuse-port'; readonly host: string; readonly port: number }
  /** A descriptor that belongs to this worker alone: a duplicate, over one accept queue common to all. */
  | { readonly kind: 'descriptor'; readonly fd: number };

/**
 * Listens as the ticket says and resolves with the address.
 *
 * @throws the system error of `listen` (`code` EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND …)
 */
export function listen(listener: Server, ticket: ListenTicket): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.once('listening', () => {
      listener.removeListener('error', reject);
      const address = listener.address();
      if (address === null || typeof address === 'string') reject(new TypeError('not a TCP listener'));
      else resolve(address);
    });
    if (ticket.kind === 'descriptor') {
      // With `fd` in the options Node takes the backlog from the second argument alone.
      listener.listen({ fd: ticket.fd }, LISTEN_BACKLOG);
      return;
    }
    const { host, port, kind } = ticket;
    listener.listen({
      port,
      ...(host === '' ? {} : { host }),
      backlog: LISTEN_BACKLOG,
      exclusive: true,
      reusePort: kind === 'reuse-port',
    });
  });
}
