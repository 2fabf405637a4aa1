/** How the log speaks of where and by whom requests are served. */
import type { AddressInfo } from 'node:net';
import type { WorkerAddresses } from '../worker/listen.js';

/** How a URL begins; with TLS. */
type Scheme = 'http' | 'https' | 'redis' | 'rediss';

/** Where a server is to be reached. */
function urlOf({ address, family, port }: AddressInfo, scheme: Scheme): string {
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Where the program is to be reached, in fields of the log and in words. */
export function addressesInWords(
  { address, respAddress }: WorkerAddresses,
  hasTls: boolean,
): { urls: { readonly address: string; readonly respAddress?: string }; words: string } {
  const url = urlOf(address, hasTls ? 'https' : 'http');
  if (respAddress === undefined) return { urls: { address: url }, words: url };
  const respUrl = urlOf(respAddress, hasTls ? 'rediss' : 'redis');
  return { urls: { address: url, respAddress: respUrl }, words: `${url} and ${respUrl}` };
}

export function workersInWords(workers: number): string {
  if (workers === 0) return 'no workers, on the main thread';
  return workers === 1 ? '1 worker' : `${workers} workers`;
}
