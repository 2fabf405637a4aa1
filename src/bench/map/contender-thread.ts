/**
 * The thread of one contender: a heap and compiled code of its own. It fills its map, checks that the map is one, and
 * then runs a round whenever it is told to.
 */
import assert from 'node:assert/strict';
import { workerData } from 'node:worker_threads';
import { CONTENDERS, type ContenderName } from './contender-maps.js';
import { accesses, makeData, textsOf } from './data.js';
import { serve, timeRound } from './rounds.js';

export interface ContenderThreadOptions {
  readonly contender: ContenderName;
  readonly keys: number;
  readonly valueSize: number;
  /** Per round. */
  readonly operations: number;
}

export const OPERATIONS = ['get', 'miss', 'set'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What a thread is told: to time a round, or to see that its map still holds everything. */
export type Order = Operation | 'check';

const SEED = 10;

function run({ contender: name, keys, valueSize, operations }: ContenderThreadOptions): void {
  const data = makeData(keys, valueSize);
  const contender = CONTENDERS[name](data);
  const all = Uint32Array.from({ length: keys }, (_, i) => i);
  contender.write(all);
  check();
  const sequence = accesses(keys, operations, SEED);

  serve((order: Order) => {
    if (order === 'check') return check();
    let found = 0;
    const round = timeRound(operations, () => {
      if (order === 'set') contender.write(sequence);
      else found = contender.read(sequence, order === 'miss');
    });
    assert.equal(found, order === 'get' ? operations * valueSize : 0, 'a get is a hit, a miss is none');
    return round;
  });

  function check(): void {
    assert.equal(contender.size(), keys, 'no key is lost');
    assert.equal(contender.read(all, false), keys * valueSize);
    const [present, values] = [textsOf(data.keys), textsOf(data.values)];
    for (let i = 0; i < keys; i += 97) assert.equal(contender.valueOf(present[i]), values[i]);
    assert.equal(contender.read(all, true), 0, 'keys that were not set are absent');
  }
}

// Does nothing when imported for its types in the main thread.
if (workerData !== null) run(workerData as ContenderThreadOptions);
