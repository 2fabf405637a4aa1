/** What may stand where a host is asked for: an address or a name. Nothing is resolved here. */
import { isIP, isIPv6 } from 'node:net';

const HOST_LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/i;
const MAX_HOST_NAME_LENGTH = 253;
const MAX_HOST_LABEL_LENGTH = 63;

/** `[::1]`, as IPv6 addresses are written in URLs, becomes `::1`. */
export function stripBrackets(host: string): string {
  const inside = /^\[(.*)\]$/.exec(host)?.[1];
  return inside !== undefined && isIPv6(inside) ? inside : host;
}

/** Whether it is an IPv4 address, an IPv6 address without brackets or a host name. */
export function isHost(host: string): boolean {
  if (isIP(host) !== 0) return true;
  if (host.length > MAX_HOST_NAME_LENGTH) return false;
  const labels = host.split('.');
  // A name whose last label is a number is a mistyped IPv4 address: no top-level domain is a number.
  if (/^\d+$/.test(labels.at(-1) ?? '')) return false;
  return labels.every((label) => label.length <= MAX_HOST_LABEL_LENGTH && HOST_LABEL.test(label));
}

/** Whether a server that binds this address can be reached from its own machine only. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.[\d.]+|::1|::ffff:127\.[\d.]+)$/i.test(host);
}
