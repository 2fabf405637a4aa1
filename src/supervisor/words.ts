/** How the log speaks of where and by whom requests are served. */
import type { AddressInfo } from 'node:net';

/** Where a server is to be reached. */
export function urlOf({ address, family, port }: AddressInfo, scheme: 'http' | 'https'): string {
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

export function workersInWords(workers: number): string {
  if (workers === 0) return 'no workers, on the main thread';
  return workers === 1 ? '1 worker' : `${workers} workers`;
}
