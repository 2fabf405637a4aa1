/**
 * The fast lane answers as the Hapi server does. Two servers, one with the lane and one without, get the same bytes in
 * the same pieces: what they send back is the same to the byte, the time of the answer aside, and so is what they have
 * stored and counted. HOTSHARD_EFFORT multiplies the generated requests, HOTSHARD_SEED repeats them.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { until } from '../server/server-under-test.js';
import { generatedPieces } from './generated.js';
import { contents, exchange, type LaneUnderTest, serveLane } from './lane-under-test.js';
import { REQUESTS } from './requests.js';

const EFFORT = Number(process.env.HOTSHARD_EFFORT ?? 0.1);
const SEED = process.env.HOTSHARD_SEED;

/** Generated streams of HOTSHARD_EFFORT 1. */
const RUNS = 2_000;

/** Small: it is emptied and listed for each comparison. */
const MAP_BYTES = 2 ** 20;

interface Outcome {
  readonly sent: string;
  readonly stored: readonly string[];
  readonly counted: Readonly<Record<string, number>>;
}

async function outcome(server: LaneUnderTest, pieces: readonly Uint8Array[]): Promise<Outcome> {
  const { map } = server.cache;
  map.clear();
  map.setMany([
    ['k', 'value of k'],
    ['a:b', 'value of a:b'],
    ['ü', 'value of ü'],
    ['empty', ''],
    ['large', 'large '.repeat(20_000)],
  ]);
  const before = { ...map.stats(), ...server.state.row(0) };
  const sent = await exchange(server, pieces);
  await until(() => server.state.row(0).openConnections === before.openConnections);
  const after = { ...map.stats(), ...server.state.row(0) };
  const counted = Object.fromEntries(
    (['hits', 'misses', 'sets', 'requests', 'errors', 'connections'] as const).map((counter) => [
      counter,
      after[counter] - before[counter],
    ]),
  );
  return { sent, stored: contents(server), counted };
}

async function pair(t: Test): Promise<(pieces: readonly Uint8Array[]) => Promise<[Outcome, Outcome]>> {
  const [lane, hapi] = await Promise.all([
    serveLane(t, { maxMemory: MAP_BYTES }),
    serveLane(t, { maxMemory: MAP_BYTES, fastLane: false }),
  ]);
  return async (pieces) => await Promise.all([outcome(lane, pieces), outcome(hapi, pieces)]);
}

/** At most so many pieces of each request, so that long ones are done with in time. */
const MOST_PIECES = 25;

function inPieces(bytes: Uint8Array, length: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += length) pieces.push(bytes.subarray(at, at + length));
  return pieces;
}

t.test('requests of the table, whole and in small pieces', async (t) => {
  const compare = await pair(t);
  for (const [name, text] of Object.entries(REQUESTS)) {
    const bytes = Buffer.from(text, 'latin1');
    for (const pieces of [[bytes], inPieces(bytes, Math.ceil(bytes.length / MOST_PIECES) || 1)]) {
      const [lane, hapi] = await compare(pieces);
      t.strictSame(lane, hapi, `${name}, in ${pieces.length}`);
    }
  }
});

t.test('generated requests', async (t) => {
  const compare = await pair(t);
  await fc.assert(
    fc.asyncProperty(generatedPieces, async (pieces) => {
      const [lane, hapi] = await compare(pieces);
      assert.deepEqual(lane, hapi);
    }),
    { numRuns: Math.ceil(RUNS * EFFORT), ...(SEED !== undefined && { seed: Number(SEED) }) },
  );
  t.pass();
});
