/**
 * Who is one client to a rate limit, by its address: an IPv4 address; of IPv6 the first 64 bits, since whoever has one
 * address there has all that share them (RFC 4291, section 2.5.4).
 */
import { isIPv4 } from 'node:net';

/** Groups of 16 bits that tell a network of IPv6 from others. */
const NETWORK_GROUPS = 4;

const MAPPED = /^::ffff:(?=\d+\.)/i;

/** Everybody on a wire has an address of the same network here (fe80::/10). */
const LINK_LOCAL = /^fe[89ab]/i;

/** The same text for all addresses of one client. @param address as Node gives it; undefined: not known any more */
export function clientOf(address: string | undefined): string {
  if (address === undefined) return '';
  const plain = address.replace(MAPPED, '');
  if (isIPv4(plain) || LINK_LOCAL.test(plain)) return plain;
  return networkOf(plain);
}

function networkOf(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('::');
  const first = groupsOf(head);
  if (tail !== undefined) {
    const last = groupsOf(tail);
    while (first.length + last.length < 2 * NETWORK_GROUPS) first.push('0');
    first.push(...last);
  }
  return first.slice(0, NETWORK_GROUPS).join(':');
}

/** An IPv4 address at the end has the place of two groups; it is never in the first four of them. */
function groupsOf(text: string): string[] {
  return text === ''
    ? []
    : text
        .split(':')
        .flatMap((group) => (group.includes('.') ? [group, ''] : [group.replace(/^0+(?=.)/, '')]));
}
