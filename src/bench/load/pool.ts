/** The connections of a load, open before anything is measured. */

import type { LoadConnection } from './connection.js';
import { DIALECTS, type Dialect } from './dialects.js';
import type { Target } from './orders.js';

/** Opened at the same time: fewer than servers let wait to be accepted, whose others would have to ask again. */
const BATCH = 128;

/** Rejects when one of them can't be opened. */
export async function openConnections(
  { host, port, connections, from }: Target,
  dialect: Dialect,
): Promise<readonly LoadConnection[]> {
  const { connect } = DIALECTS[dialect];
  const pool = Array.from({ length: connections }, () => connect(port, host, from));
  for (let first = 0; first < connections; first += BATCH) {
    await Promise.all(pool.slice(first, first + BATCH).map((connection) => connection.open()));
  }
  return pool;
}

/**
 * Closes them after what was counted has been told: the server's CPU time is read then, and to close ten thousand
 * connections takes it longer than some requests.
 */
export function closeSoon(pool: readonly LoadConnection[]): void {
  setImmediate(() => {
    for (const connection of pool) connection.close();
  });
}
