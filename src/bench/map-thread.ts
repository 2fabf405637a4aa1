/**
 * The thread of one contender of `bench:map`: a heap and compiled code of its own. It fills its map, checks that the
 * map is one, and then runs a round whenever it is told to; only one thread at a time is.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { CONTENDERS, type ContenderName, type Data } from './map-contenders.js';
import { zipfSequence } from './zipf.js';

export interface ThreadOptions {
  readonly contender: ContenderName;
  readonly keys: number;
  readonly valueSize: number;
  /** Per round. */
  readonly operations: number;
  readonly exponent: number;
  readonly seed: number;
}

export const OPERATIONS = ['get', 'set'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What a thread is told: to time a round, or to see that its map still holds everything. */
export type Order = Operation | 'check';

/** One round, in nanoseconds per operation. */
export interface Round {
  readonly wall: number;
  /** User and system time of the process: the garbage collector's threads included. */
  readonly cpu: number;
}

/** Runs rounds when asked for. Does nothing when imported for its types in the main thread. */
function serve(): void {
  if (parentPort === null) return;
  const port = parentPort;
  const options = workerData as ThreadOptions;
  const { keys, valueSize, operations } = options;
  const data = randomData(keys, valueSize);
  const contender = CONTENDERS[options.contender](data);
  const all = Uint32Array.from({ length: keys }, (_, i) => i);
  contender.write(all);
  check();
  const sequence = zipfSequence(keys, operations, options.exponent, options.seed);

  port.on('message', (order: Order) => {
    if (order === 'check') check();
    port.postMessage(order === 'check' ? 'ready' : timed(order));
  });
  port.postMessage('ready');

  function timed(operation: Operation): Round {
    let found = operations * valueSize;
    const cpuBefore = process.cpuUsage();
    const began = performance.now();
    if (operation === 'get') found = contender.read(sequence);
    else contender.write(sequence);
    const wall = performance.now() - began;
    const { user, system } = process.cpuUsage(cpuBefore);
    assert.equal(found, operations * valueSize, 'every read is a hit');
    return { wall: (wall * 1e6) / operations, cpu: ((user + system) * 1e3) / operations };
  }

  function check(): void {
    assert.equal(contender.size(), keys, 'no key is lost');
    assert.equal(contender.read(all), keys * valueSize);
    for (let i = 0; i < keys; i += 97) assert.equal(contender.valueOf(data.keys[i] ?? ''), data.values[i]);
    assert.equal(contender.valueOf(randomUUID()), undefined, 'a key that was not set is absent');
  }
}

/** UUIDs, and values of ASCII characters that differ from key to key. */
function randomData(count: number, valueSize: number): Data {
  const keys = Array.from({ length: count }, () => randomUUID());
  // Joined and flattened, as a string that was read from somewhere is: not a rope.
  const values = keys.map((key) =>
    Buffer.from(key.repeat(Math.ceil(valueSize / key.length))).toString('latin1', 0, valueSize),
  );
  const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));
  return { keys, values, keyBytes: keys.map(bytesOf), valueBytes: values.map(bytesOf) };
}

serve();
