/** All commands over data, for a cache whose keys are in the map itself. */
import type { Command } from './command.js';
import { expiryCommands } from './expiry.js';
import { withCheckedKeys } from './key-check.js';
import { keyCommands } from './keys.js';
import type { Keyspace } from './keyspace.js';
import { manyCommands } from './many.js';
import { numberCommands } from './numbers.js';
import { rangeCommands } from './ranges.js';
import { scanCommands } from './scan.js';
import { stringCommands } from './strings.js';

export function dataCommands(keyspace: Keyspace): Command[] {
  return [
    ...stringCommands(keyspace),
    ...manyCommands(keyspace),
    ...rangeCommands(keyspace),
    ...numberCommands(keyspace),
    ...expiryCommands(keyspace),
    ...keyCommands(keyspace),
    ...scanCommands(keyspace),
  ].map(withCheckedKeys);
}
