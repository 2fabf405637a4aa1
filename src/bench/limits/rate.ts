/**
 * The rate limit at ten times its rate, by an open loop: how much of it is admitted, from one address and from two, whose
 * limits are each their own.
 */
import { createConnection } from 'node:net';
import type { Row } from '../files.js';
import { LoadClient } from '../load/client.js';
import { NO_ANSWER } from '../load/connection.js';
import type { LoadScale } from '../load/options.js';
import type { Load } from '../load/orders.js';
import { readRequest } from '../load/requests.js';
import { startHotshard } from '../load/server.js';
import type { Report } from '../sections.js';
import { countText, textTable } from '../text-table.js';

const WORKERS = 2;
/** Requests per second and address: what is admitted, and what is offered. */
const RATE = 1_000;
const OFFERED = 10_000;
const ADDRESSES = ['127.0.0.1', '127.0.0.2'];
const CONNECTIONS = 16;
const SEED = 20_261_122;

/** What a refusal has to say, beside when to come back. */
const HEADERS = ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset', 'retry-after'];
/** Requests sent at once to see one refused. */
const BURST = 5 * RATE;

export interface RateRound {
  /** How many addresses requests came from at the same time. */
  readonly addresses: number;
  readonly round: number;
  readonly address: string;
  readonly load: Load;
  /** Requests that were admitted, and answered 404 as there are no values; and the most that may have been. */
  readonly admitted: number;
  readonly bound: number;
}

export interface RateResult {
  readonly workers: number;
  readonly rateLimit: number;
  /** Requests per second of each address. */
  readonly offered: number;
  readonly rounds: readonly RateRound[];
}

/** @throws {Error} when the limit was not kept */
export async function measureRate(scale: LoadScale): Promise<Report<RateResult>> {
  const rounds: RateRound[] = [];
  for (let round = 1; round <= scale.rounds; round++) {
    for (const addresses of [ADDRESSES.slice(0, 1), ADDRESSES]) {
      rounds.push(...(await measureRound(addresses, round, scale.seconds)));
    }
  }
  const result = { workers: WORKERS, rateLimit: RATE, offered: OFFERED, rounds };
  return { result, rows: rounds.map(rowOf), text: textOf(rounds) };
}

/** A server of its own: what was admitted before does not count. */
async function measureRound(
  addresses: readonly string[],
  round: number,
  seconds: number,
): Promise<RateRound[]> {
  const server = await startHotshard(['--workers', String(WORKERS), '--rate-limit', String(RATE)], 'any');
  const clients: LoadClient[] = [];
  try {
    for (const _ of addresses) clients.push(await LoadClient.start());
    const workload = { dialect: 'hotshard', keys: 100, reads: 1, exponent: 0, seed: SEED + round } as const;
    const order = { kind: 'paced', port: server.port, connections: CONNECTIONS, rate: OFFERED } as const;
    const loads = await Promise.all(
      clients.map((client, i) => client.run({ ...order, seconds, from: addresses[i], workload })),
    );
    await checkRefusal(server.port);
    const rounds = loads.map((load, i) => ({
      ...{ addresses: addresses.length, round, address: addresses[i], load },
      ...{ admitted: load.statuses[404] ?? 0, bound: Math.floor(RATE * load.seconds + RATE) },
    }));
    for (const measured of rounds) check(measured, seconds);
    return rounds;
  } finally {
    await Promise.all([server, ...clients].map((one) => one.stop()));
  }
}

/** Sends so much at once that some of it is refused. @throws {Error} when the refusal does not say what it has to */
async function checkRefusal(port: number): Promise<void> {
  const socket = createConnection({ host: '127.0.0.1', port });
  try {
    socket.write(readRequest('any').repeat(BURST));
    let text = '';
    for await (const chunk of socket.setEncoding('latin1')) {
      text += chunk;
      const start = text.indexOf('HTTP/1.1 429 ');
      const end = start === -1 ? -1 : text.indexOf('\r\n\r\n', start);
      if (end === -1) continue;
      const head = text.slice(start, end).toLowerCase();
      const missing = HEADERS.filter((name) => !head.includes(`\r\n${name}: `));
      if (missing.length > 0) throw new Error(`a 429 came without ${missing.join(', ')}`);
      return;
    }
    throw new Error(`none of ${BURST} requests at once was refused`);
  } finally {
    socket.destroy();
  }
}

/** @param seconds for which requests were due */
function check({ address, addresses, load, admitted, bound }: RateRound, seconds: number): void {
  const who = `${address}, one of ${addresses},`;
  const { statuses, requests } = load;
  // What the server had not come to in the end counts as not answered.
  const others = requests - admitted - (statuses[429] ?? 0) - (statuses[NO_ANSWER] ?? 0);
  if (others > 0) throw new Error(`${who} had answers other than 404 and 429: ${JSON.stringify(statuses)}`);
  if (admitted > bound) {
    throw new Error(
      `of ${who} ${admitted} requests were admitted in ${load.seconds} s, not ${bound} at most`,
    );
  }
  // A limit that refuses more than it has to would keep every bound. So it has to admit what it holds at first, or half of
  // what comes back while requests are due, whichever is more. (Not all: of what nobody asks for a second is kept, no more.)
  const least = Math.min(requests - (statuses[NO_ANSWER] ?? 0), RATE * Math.max(1, seconds / 2));
  if (admitted < least) throw new Error(`of ${who} ${admitted} requests were admitted, not even ${least}`);
}

function rowOf({ addresses, round, address, load, admitted, bound }: RateRound): Row {
  return {
    ...{ addresses, address, round, limit_per_second: RATE },
    offered_per_second: (load.requests / load.seconds).toFixed(0),
    admitted_per_second: (admitted / load.seconds).toFixed(0),
    ...{ admitted, bound, refused: load.statuses[429] ?? 0 },
    ...{ unanswered: load.statuses[NO_ANSWER] ?? 0, requests: load.requests },
    ...{ p50_us: load.latency.p50, p99_us: load.latency.p99, seconds: load.seconds.toFixed(3) },
    ...{ workers: WORKERS, connections: CONNECTIONS },
  };
}

function textOf(rounds: readonly RateRound[]): string {
  const cells = rounds.map(({ addresses, round, address, load, admitted, bound }) => [
    `${address}, ${addresses === 1 ? 'alone' : 'beside another'}`,
    ...[round, Math.round(load.requests / load.seconds), load.requests].map(countText),
    ...[admitted, bound, load.statuses[429] ?? 0].map(countText),
  ]);
  return [
    `${WORKERS} workers, ${countText(RATE)} requests a second and client. At most: a second's requests at once, and as many for each second.\n\n`,
    textTable([['', 'round', 'offered/s', 'requests', 'admitted', 'at most', '429'], ...cells]),
  ].join('');
}
