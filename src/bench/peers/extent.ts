/** How large the load of `bench:peers` and `bench:http` is. */
import type { Setting } from './contest.js';

/** As design and goals have it: what a section does not change stays so. */
export const USUAL: Setting = { connections: 64, keys: 10_000, valueSize: 32, depth: 1, reads: 0.8 };

/** To see that it works: fewer connections and keys, of the same kind. */
export function quickly({ connections, keys, ...setting }: Setting): Setting {
  return { ...setting, connections: Math.ceil(connections / 8), keys: Math.ceil(keys / 20) };
}
