/**
 * Who serves which slot of a Redis Cluster: what single nodes say of it, and what to make of it when they differ.
 * Source: "Redis cluster specification", redis.io, sections "Keys distribution model", "Redirection and resharding" and
 * "Configuration epoch".
 */
import type { RedisConnection } from './connection.js';

export const SLOTS = 16_384;

/** `host:port`, or `[host]:port` for IPv6. */
export type NodeName = string;

/** The master of each slot, undefined where nobody serves it. */
export type Masters = readonly (NodeName | undefined)[];

/** That a master serves some slots, as somebody sees it. */
interface Claim {
  readonly first: number;
  readonly last: number;
  /** The master's, which it keeps when its address changes. */
  readonly id: string;
  readonly name: NodeName;
  /** Of two masters for one slot the one with the greater epoch has got it later. */
  readonly epoch: number;
  /** Most of the masters have found it dead. */
  readonly isFailing: boolean;
}

/** The cluster as one of its nodes sees it. */
export interface View {
  /** The node's own. */
  readonly id: string;
  readonly claims: readonly Claim[];
  /** Slots that the node is handing over, key by key, to another one. */
  readonly migrating: ReadonlySet<number>;
}

export interface Topology {
  readonly masters: Masters;
  readonly failing: ReadonlySet<NodeName>;
}

/**
 * Asks a node for its view.
 *
 * @param asked the node
 * @throws an error when it says that the cluster is down: it may be cut off from the others, so that its view is old
 */
export async function askView(connection: Pick<RedisConnection, 'ask'>, asked: NodeName): Promise<View> {
  const [info, ranges, nodes] = await Promise.all([
    connection.ask('CLUSTER', 'INFO'),
    connection.ask('CLUSTER', 'SLOTS'),
    connection.ask('CLUSTER', 'NODES'),
  ]);
  if (!/^cluster_state:ok\r?$/m.test(String(info))) throw new Error('it says that the cluster is down');
  return viewOf(ranges, String(nodes), asked);
}

/**
 * What several views come to. What a master says of its own slots counts more than what others say of them; besides that
 * the greater epoch wins, as among the nodes themselves.
 */
export function merged(views: readonly View[]): Topology {
  const asked = new Set(views.map(({ id }) => id));
  const isOverruled = ({ id }: Claim, by: View): boolean => id !== by.id && asked.has(id);
  const claims = views
    .flatMap((view) => view.claims.map((claim) => ({ claim, weight: isOverruled(claim, view) ? 0 : 1 })))
    .sort((a, b) => a.weight - b.weight || a.claim.epoch - b.claim.epoch);
  const masters = noMasters();
  for (const { claim } of claims) masters.fill(claim.name, claim.first, claim.last + 1);
  const failing = claims.filter(({ claim }) => claim.isFailing).map(({ claim }) => claim.name);
  return { masters, failing: new Set(failing) };
}

export function noMasters(): (NodeName | undefined)[] {
  return new Array<NodeName | undefined>(SLOTS).fill(undefined);
}

export function partsOf(name: NodeName): { readonly host: string; readonly port: number } {
  const colon = name.lastIndexOf(':');
  const host = name.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(name.slice(colon + 1)) };
}

export function nameOf(host: string, port: number): NodeName {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * The node that a redirection names: `host:port`, `:port` for the host that was asked, IPv6 without brackets.
 *
 * @param asked who redirects
 */
export function redirectedTo(words: string, asked: NodeName): NodeName {
  const { host, port } = partsOf(words);
  return nameOf(host === '' ? partsOf(asked).host : host, port);
}

/**
 * @param ranges CLUSTER SLOTS: `[first, last, [host, port, id, …] of the master, …of replicas]` each
 * @param nodes CLUSTER NODES: a line per node, of which only that of the node itself tells of slots on the move
 */
function viewOf(ranges: unknown, nodes: string, asked: NodeName): View {
  const epochs = new Map<string, number>();
  const failing = new Set<string>();
  const migrating = new Set<number>();
  let ownId = '';
  for (const line of nodes.split('\n')) {
    const [id = '', , flags = '', , , , epoch, , ...slots] = line.trim().split(' ');
    const has = new Set(flags.split(','));
    epochs.set(id, Number(epoch));
    if (has.has('fail')) failing.add(id);
    if (!has.has('myself')) continue;
    ownId = id;
    // `[slot->-id of the node that it goes to]`
    for (const slot of slots) if (slot.includes('->-')) migrating.add(Number.parseInt(slot.slice(1), 10));
  }
  const claims: Claim[] = [];
  for (const [first, last, master] of ranges as readonly (readonly unknown[])[]) {
    const [host, port, id] = (master as readonly unknown[]).map((part) => String(part ?? ''));
    // A name that the cluster is to give, but has not been told.
    if (host === undefined || host === '?' || id === undefined) continue;
    const name = redirectedTo(`${host}:${port}`, asked);
    const [epoch, isFailing] = [epochs.get(id) ?? 0, failing.has(id)];
    claims.push({ first: Number(first), last: Number(last), id, name, epoch, isFailing });
  }
  return { id: ownId, claims, migrating };
}
