/**
 * Who serves which slot of a Redis Cluster, as one of its nodes sees it.
 * Source: "Redis cluster specification", redis.io, sections "Keys distribution model" and "Redirection and resharding".
 */
import type { RedisConnection } from './connection.js';

export const SLOTS = 16_384;

/** `host:port`. */
export type NodeName = string;

/**
 * The master of each slot, undefined where nobody serves it. Undefined as a whole when the node is cut off from most of
 * the cluster, so that what it would say is old.
 *
 * @param asked host of the node itself, which does not always know its own
 */
export async function askTopology(
  connection: RedisConnection,
  asked: string,
): Promise<(NodeName | undefined)[] | undefined> {
  const [info, ranges] = await Promise.all([
    connection.ask('CLUSTER', 'INFO'),
    connection.ask('CLUSTER', 'SLOTS'),
  ]);
  return /^cluster_state:ok\r?$/m.test(String(info)) ? parseSlots(ranges, asked) : undefined;
}

/** `host:port`, or `[host]:port` for IPv6, into its parts. */
export function partsOf(name: NodeName): { readonly host: string; readonly port: number } {
  const colon = name.lastIndexOf(':');
  const host = name.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(name.slice(colon + 1)) };
}

export function nameOf(host: string, port: number): NodeName {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Each range is `[first, last, [host, port, id, …] of the master, …of replicas]`. */
function parseSlots(ranges: unknown, asked: string): (NodeName | undefined)[] {
  const masters = new Array<NodeName | undefined>(SLOTS).fill(undefined);
  if (!Array.isArray(ranges)) return masters;
  for (const range of ranges as readonly unknown[][]) {
    const [first, last, master] = range;
    if (!Array.isArray(master)) continue;
    // Empty: the node that was asked. Null or ?: unknown.
    const host = String(master[0] ?? '') || asked;
    if (host === '?') continue;
    masters.fill(nameOf(host, Number(master[1])), Number(first), Number(last) + 1);
  }
  return masters;
}
