/** A client as `CLIENT LIST` and `CLIENT INFO` describe it: a line of fields, all that Redis has, in its order. */
import type { Client } from './client.js';

export function lineOf(client: Client): string {
  const { transaction } = client;
  const now = Date.now();
  const queued = transaction?.bytes ?? 0;
  const fields: readonly (readonly [name: string, value: string | number])[] = [
    ['id', client.id],
    ['addr', client.address],
    ['laddr', client.localAddress],
    // A connection's number in the system is not known to a worker.
    ['fd', -1],
    ['name', client.name],
    ['age', seconds(now - client.connectedAt)],
    ['idle', seconds(now - client.lastCommandAt)],
    ['flags', flagsOf(client)],
    ['db', 0],
    ['sub', 0],
    ['psub', 0],
    ['ssub', 0],
    ['multi', transaction?.queue.length ?? -1],
    ['watch', client.watched.size],
    // Workers read into one buffer for all their clients, and write at once what a client can take.
    ['qbuf', 0],
    ['qbuf-free', 0],
    ['argv-mem', 0],
    ['multi-mem', queued],
    ['rbs', 0],
    ['rbp', 0],
    ['obl', 0],
    ['oll', 0],
    ['omem', 0],
    ['tot-mem', queued],
    ['events', 'r'],
    ['cmd', client.lastCommand],
    ['user', 'default'],
    ['redir', -1],
    ['resp', client.protocol],
    ['lib-name', client.libraryName],
    ['lib-ver', client.libraryVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(' ');
}

/** Redis's letters: x in a transaction, e and T as asked for, c ending; N none of them. */
function flagsOf(client: Client): string {
  const flags = [
    client.transaction === undefined ? '' : 'x',
    client.isEnding ? 'c' : '',
    client.isNoEvict ? 'e' : '',
    client.isNoTouch ? 'T' : '',
  ].join('');
  return flags === '' ? 'N' : flags;
}

function seconds(milliseconds: number): number {
  return Math.max(0, Math.floor(milliseconds / 1000));
}
