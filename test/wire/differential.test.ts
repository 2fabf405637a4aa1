/**
 * The fast lane answers as the Hapi server does. Two servers, one with the lane and one without, get the same bytes in
 * the same pieces: what they send back is the same to the byte, the time of the answer aside, and so is what they have
 * stored and counted. HOTSHARD_EFFORT multiplies the generated requests, HOTSHARD_SEED repeats them.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { RateLimit } from '../../src/limits/rate.js';
import { Tokens } from '../../src/limits/tokens.js';
import { until } from '../server/server-under-test.js';
import { generatedPieces } from './generated.js';
import { contents, exchange, type LaneSetup, type LaneUnderTest, serveLane } from './lane-under-test.js';
import { REQUESTS, REQUESTS_WITH_TOKENS } from './requests.js';

const EFFORT = Number(process.env.HOTSHARD_EFFORT ?? 0.1);
const SEED = process.env.HOTSHARD_SEED;

/** Generated streams of HOTSHARD_EFFORT 1. */
const RUNS = 2_000;
const RUNS_WITH_LIMITS = 1_000;

const TOKENS = new Tokens('secret', 'look');

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

/** Asks a server with the lane and one without. Each has a setup of its own. */
async function pair(
  t: Test,
  setup: () => LaneSetup = () => ({}),
): Promise<(pieces: readonly Uint8Array[]) => Promise<[Outcome, Outcome]>> {
  const [lane, hapi] = await Promise.all([
    serveLane(t, { ...setup(), maxMemory: MAP_BYTES }),
    serveLane(t, { ...setup(), maxMemory: MAP_BYTES, fastLane: false }),
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

async function compareTable(
  t: Test,
  compare: Awaited<ReturnType<typeof pair>>,
  requests: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, text] of Object.entries(requests)) {
    const bytes = Buffer.from(text, 'latin1');
    for (const pieces of [[bytes], inPieces(bytes, Math.ceil(bytes.length / MOST_PIECES) || 1)]) {
      const [lane, hapi] = await compare(pieces);
      t.strictSame(lane, hapi, `${name}, in ${pieces.length}`);
    }
  }
}

async function compareGenerated(compare: Awaited<ReturnType<typeof pair>>, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(generatedPieces, async (pieces) => {
      const [lane, hapi] = await compare(pieces);
      assert.deepEqual(lane, hapi);
    }),
    { numRuns: Math.ceil(runs * EFFORT), ...(SEED !== undefined && { seed: Number(SEED) }) },
  );
}

/** Two of a second's requests, of which a new one begins when it is said. */
function limitedPair(t: Test) {
  const clock = { seconds: 10 };
  const compare = pair(t, () => {
    const handle = RateLimit.create({ rate: 2 });
    const rate = RateLimit.attach(handle, () => [handle.origin + clock.seconds, 0]);
    return { rate, tokens: TOKENS };
  });
  return async (pieces: readonly Uint8Array[]): Promise<[Outcome, Outcome]> => {
    clock.seconds += 1;
    return (await compare)(pieces);
  };
}

t.test('requests of the table, whole and in small pieces', async (t) => {
  await compareTable(t, await pair(t), REQUESTS);
});

t.test('requests with tokens and without, where tokens are needed', async (t) => {
  await compareTable(t, await pair(t, () => ({ tokens: TOKENS })), REQUESTS_WITH_TOKENS);
});

t.test('the same past a rate limit', async (t) => {
  await compareTable(t, limitedPair(t), REQUESTS_WITH_TOKENS);
});

t.test('generated requests', async (t) => {
  await compareGenerated(await pair(t), RUNS);
  t.pass();
});

t.test('generated requests, where tokens are needed and the rate is limited', async (t) => {
  await compareGenerated(limitedPair(t), RUNS_WITH_LIMITS);
  t.pass();
});
