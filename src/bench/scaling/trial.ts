/** One measurement of a sweep: on a server of its own, so that nothing of what was measured before is left in it. */
import type { LoadClient } from '../load/client.js';
import { type LoadRound, measureLoad } from '../load/measured.js';
import type { LoadScale } from '../load/options.js';
import type { MixOrder } from '../load/orders.js';
import type { Start } from '../load/pinned.js';
import { type RunningServer, startHotshard } from '../load/server.js';
import { CONNECTIONS, READS } from './options.js';

const SEED = 20_261_121;

/** Seconds of load before the measured ones: until then, part of the code is not compiled yet. */
const WARM_UP = 1;
const QUICK_WARM_UP = 0.05;

export interface Trial {
  readonly load: LoadClient;
  readonly server: RunningServer;
  /** From the start of the process until it was ready. */
  readonly startSeconds: number;
}

export interface Setting {
  readonly load: LoadClient;
  readonly flags: readonly string[];
  /** One for itself, unless told otherwise. */
  readonly core?: Start['core'];
}

export async function onServer<Result>(
  { load, flags, core = 'server' }: Setting,
  measure: (trial: Trial) => Promise<Result>,
): Promise<Result> {
  const began = performance.now();
  const server = await startHotshard(['--log-level', 'warn', ...flags], core);
  const startSeconds = (performance.now() - began) / 1000;
  try {
    return await measure({ load, server, startSeconds });
  } finally {
    await server.stop();
  }
}

/** What the load asks for: all keys alike often. */
export interface Extent {
  readonly keys: number;
  /** Bytes. */
  readonly valueSize: number;
  readonly connections: number;
}

/** Stores every key. */
export async function fill({ load, server }: Trial, { keys, valueSize }: Extent): Promise<void> {
  await load.run({
    ...{ kind: 'each', operation: 'write', port: server.port, connections: CONNECTIONS },
    workload: { dialect: 'hotshard', keys, valueSize, seed: SEED },
  });
}

export function mixOf({ server }: Trial, { connections, ...extent }: Extent, seconds: number): MixOrder {
  return {
    ...{ kind: 'mix', port: server.port, connections, seconds },
    workload: { dialect: 'hotshard', ...extent, seed: SEED, reads: READS, exponent: 0 },
  };
}

export async function warmUp(trial: Trial, extent: Extent, { quick }: LoadScale): Promise<void> {
  await trial.load.run(mixOf(trial, extent, quick ? QUICK_WARM_UP : WARM_UP));
}

/** As much as the connections can do, after a warm-up. */
export async function measureMix(trial: Trial, extent: Extent, scale: LoadScale): Promise<LoadRound> {
  await warmUp(trial, extent, scale);
  return measureLoad({ ...trial, redis: undefined, hasStats: true }, mixOf(trial, extent, scale.seconds));
}
