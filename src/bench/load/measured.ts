/** One round of load on one server: what came back, and what it cost the processes that answered. */
import type { LoadClient } from './client.js';
import { failuresOf, type Latency, type Order } from './orders.js';
import type { RunningServer } from './server.js';

export interface LoadRound {
  /** Requests per second. */
  readonly rate: number;
  /** Microseconds. */
  readonly latency: Latency;
  /** User and system time of the server per request, in microseconds; NaN where the system does not tell. */
  readonly cpu: number;
  /** The same of Redis; undefined where there is none. */
  readonly redisCpu: number | undefined;
  /** Share of reads that hotshard answered from its map, 0 to 1; undefined for other servers. */
  readonly hitRatio: number | undefined;
  /** Resident memory of the server after the round, in bytes; NaN where the system does not tell. */
  readonly resident: number;
  readonly requests: number;
  /** Requests that got something else than 200: all keys are there. */
  readonly failures: number;
}

export interface Subject {
  readonly load: LoadClient;
  readonly server: RunningServer;
  readonly redis: RunningServer | undefined;
  /** Whether the server has hotshard's `/stats`. */
  readonly hasStats: boolean;
}

export async function measureLoad(
  { load, server, redis, hasStats }: Subject,
  order: Order,
): Promise<LoadRound> {
  const readsBefore = hasStats ? await readsOf(server) : undefined;
  const cpuBefore = server.cpuTime();
  const redisBefore = redis?.cpuTime();
  const result = await load.run(order);
  const perRequest = (before: number | undefined, after: number | undefined) =>
    ((after ?? Number.NaN) - (before ?? Number.NaN)) / result.requests;
  const cpu = perRequest(cpuBefore, server.cpuTime());
  const redisCpu = redis === undefined ? undefined : perRequest(redisBefore, redis.cpuTime());
  const readsAfter = hasStats ? await readsOf(server) : undefined;
  return {
    rate: result.requests / result.seconds,
    latency: result.latency,
    cpu,
    redisCpu,
    hitRatio: readsBefore && readsAfter && hitRatioOf(readsBefore, readsAfter),
    resident: server.residentMemory() ?? Number.NaN,
    requests: result.requests,
    failures: failuresOf(result),
  };
}

interface Reads {
  readonly hits: number;
  readonly misses: number;
}

async function readsOf({ port }: RunningServer): Promise<Reads> {
  const answer = await fetch(`http://127.0.0.1:${port}/stats`);
  return (await answer.json()) as Reads;
}

/** Of no reads: undefined. */
function hitRatioOf(before: Reads, after: Reads): number | undefined {
  const hits = after.hits - before.hits;
  const reads = hits + after.misses - before.misses;
  return reads === 0 ? undefined : hits / reads;
}
