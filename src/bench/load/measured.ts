/** One round of load on one server: what came back, and what it cost the processes that answered. */
import type { LoadClient } from './client.js';
import {
  type Answers,
  type AutocannonOrder,
  authorityOf,
  type Counts,
  failuresOf,
  type Latency,
  type PacedOrder,
} from './orders.js';
import type { RunningServer } from './server.js';

export interface RoundCost {
  /** Requests per second. */
  readonly rate: number;
  /** User and system time of the server per request, in microseconds; NaN where the system does not tell. */
  readonly cpu: number;
  /** The same of Redis; undefined where there is none. */
  readonly redisCpu: number | undefined;
  /** Share of reads that hotshard answered from its map, 0 to 1; undefined for other servers. */
  readonly hitRatio: number | undefined;
  /** Resident memory of the server after the round, in bytes; NaN where the system does not tell. */
  readonly resident: number;
  readonly requests: number;
  /** Requests that got another status than expected. */
  readonly failures: number;
  /** Of them, reads of keys that were not there: 404. */
  readonly absent: number;
  /** User and system time of the server and of the load, in seconds by seconds: 1 = all of a core. NaN where it is not told. */
  readonly serverCores: number;
  readonly loadCores: number;
}

export interface LoadRound extends RoundCost {
  /** Microseconds. */
  readonly latency: Latency;
}

export interface PacedRound extends LoadRound {
  /** Share of the requests that were answered 200 within 2 s of being due, 0 to 1. */
  readonly successRate: number;
}

export interface Subject<Client = LoadClient> {
  readonly load: Client;
  readonly server: RunningServer;
  readonly redis: RunningServer | undefined;
  /** Whether the server has hotshard's `/stats`. */
  readonly hasStats: boolean;
  /** Status that every request is to get; absent: 200, as all keys are there. */
  readonly expected?: number;
}

/** @param subject its load is the project's own client, or another program */
export async function measureLoad<Kind>(
  subject: Subject<{ run(order: Kind, onOpen?: () => void): Promise<Answers> }>,
  order: Kind,
): Promise<LoadRound> {
  const { counts, cost } = await measure(subject, (onOpen) => subject.load.run(order, onOpen));
  return { ...cost, latency: counts.latency };
}

/** The same with autocannon, which does not tell latency well enough, nor when its connections are open. */
export async function measureThroughput(subject: Subject, order: AutocannonOrder): Promise<RoundCost> {
  return (await measure(subject, () => subject.load.run(order))).cost;
}

/** The same of an open loop. */
export async function measurePaced(subject: Subject, order: PacedOrder): Promise<PacedRound> {
  const { counts, cost } = await measure(subject, (onOpen) => subject.load.run(order, onOpen));
  return { ...cost, latency: counts.latency, successRate: counts.inTime / counts.requests };
}

async function measure<Result extends Counts>(
  { server, redis, hasStats, expected }: Omit<Subject, 'load'>,
  run: (onOpen: () => void) => Promise<Result>,
): Promise<{ readonly counts: Result; readonly cost: RoundCost }> {
  const statsBefore = hasStats ? await statsOf(server) : undefined;
  const times = () => [server.cpuTime(), redis?.cpuTime()];
  let before = times();
  const counts = await run(() => {
    // What it takes to accept connections is no part of a request.
    before = times();
  });
  const [cpu, redisCpu] = times().map((time, i) => (time ?? Number.NaN) - (before[i] ?? Number.NaN));
  const statsAfter = hasStats ? await statsOf(server) : undefined;
  const { requests, seconds } = counts;
  const cost = {
    rate: requests / seconds,
    cpu: cpu / requests,
    redisCpu: redis === undefined ? undefined : redisCpu / requests,
    hitRatio: statsBefore && statsAfter && hitRatioOf(statsBefore, statsAfter),
    resident: server.residentMemory() ?? statsAfter?.memory.rss ?? Number.NaN,
    requests,
    failures: failuresOf(counts, expected),
    absent: counts.statuses[404] ?? 0,
    serverCores: cpu / (seconds * 1e6),
    loadCores: counts.cpu / (seconds * 1e6),
  };
  return { counts, cost };
}

interface Reads {
  readonly hits: number;
  readonly misses: number;
}

async function statsOf({ host, port, token }: RunningServer): Promise<Reads & { memory: { rss: number } }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(`http://${authorityOf({ host, port })}/stats`, { headers });
  return (await answer.json()) as Reads & { memory: { rss: number } };
}

/** Of no reads: undefined. */
function hitRatioOf(before: Reads, after: Reads): number | undefined {
  const hits = after.hits - before.hits;
  const reads = hits + after.misses - before.misses;
  return reads === 0 ? undefined : hits / reads;
}
