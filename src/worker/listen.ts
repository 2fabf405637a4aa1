/**
 * How one worker comes by its listening sockets. The supervisor decides it and writes tickets; the worker
 * that gets a ticket listens with it and then owns the socket: closing it takes nothing from the others.
 */
import type { AddressInfo, Server } from 'node:net';

/** Connections the kernel keeps for a listening socket until they are accepted; it caps this at `somaxconn`. */
export const LISTEN_BACKLOG = 4096;

export type ListenTicket =
  /** Nobody else may listen there. An empty host is all addresses, port 0 any free one. */
  | { readonly kind: 'exclusive'; readonly host: string; readonly port: number }
  /** A socket of its own beside those of the other workers; the kernel spreads connections over them. */
  | { readonly kind: 'reuse-port'; readonly host: string; readonly port: number }
  /** A descriptor that belongs to this worker alone: a duplicate, over one accept queue common to all, of this port. */
  | { readonly kind: 'descriptor'; readonly fd: number; readonly port: number };

/** What a worker listens with. */
export interface WorkerTickets {
  /** For HTTP. */
  readonly ticket: ListenTicket;
  /** For the Redis protocol; absent: it is not spoken. */
  readonly respTicket?: ListenTicket | undefined;
}

/** Where a worker accepts connections. */
export interface WorkerAddresses {
  /** Of HTTP. */
  readonly address: AddressInfo;
  /** Of the Redis protocol; absent: it is not spoken. */
  readonly respAddress?: AddressInfo | undefined;
}

/**
 * Listens as the ticket says and resolves with the address.
 *
 * @throws the system error of `listen` (`code` EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND …), with the `port`
 */
export function listen(listener: Server, ticket: ListenTicket): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    // Of a descriptor Node does not know the port.
    const onError = (error: Error): void => reject(Object.assign(error, { port: ticket.port }));
    listener.once('error', onError);
    listener.once('listening', () => {
      listener.removeListener('error', onError);
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

/**
 * Has a worker's listeners listen, all or none. Descriptors are opened before it returns.
 *
 * @param respListener absent: the Redis protocol is not spoken
 * @throws like {@link listen}
 */
export async function listenAll(
  { ticket, respTicket }: WorkerTickets,
  listener: Server,
  respListener: Server | undefined,
): Promise<WorkerAddresses> {
  const isSpoken = respTicket !== undefined && respListener !== undefined;
  const both = [listen(listener, ticket), isSpoken ? listen(respListener, respTicket) : undefined] as const;
  // One that has not failed yet can't be closed either.
  await Promise.allSettled(both);
  try {
    const [address, respAddress] = await Promise.all(both);
    return { address, respAddress };
  } catch (error) {
    listener.close();
    respListener?.close();
    throw error;
  }
}
