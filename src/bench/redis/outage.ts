/**
 * Section "outage": what the load gets, step by step, while Redis is killed and, later, started again: empty, so that
 * every value served after that was written after it, and reads of what nobody wrote since are 404.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Row } from '../files.js';
import { LoadClient } from '../load/client.js';
import type { LoadScale } from '../load/options.js';
import type { Load, Step } from '../load/orders.js';
import { startHotshard } from '../load/server.js';
import type { Report } from '../sections.js';
import { countText, textTable } from '../text-table.js';
import { type Extent, extentOf, READS, SEED } from './options.js';
import { redisUrl, startRedis } from './redis-server.js';

const STEP = 100;
const SECONDS = 20;
const QUICK_SECONDS = 1.6;

export interface OutageResult extends Extent {
  /** Of the timeline's steps, in milliseconds, as all the times below: from the first of them on. */
  readonly step: number;
  readonly killed: number;
  /** Redis was gone. */
  readonly gone: number;
  readonly restarted: number;
  /** The new Redis answered. */
  readonly back: number;
  /** The first write that was acknowledged after the restart; undefined: none was. */
  readonly firstAcknowledged: number | undefined;
  /** The longest time that a request took. */
  readonly longest: number;
  readonly timeline: readonly Step[];
}

export async function outage({ quick }: LoadScale): Promise<Report<OutageResult>> {
  const extent = extentOf({ quick });
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  let redis = await startRedis();
  const load = await LoadClient.start();
  const server = await startHotshard(['--workers', '1', '--redis', redisUrl(redis.port)]);
  try {
    const { connections, keys } = extent;
    const target = { port: server.port, connections };
    const workload = { dialect: 'hotshard', keys, seed: SEED, reads: READS, exponent: 0 } as const;
    await load.run({ ...target, kind: 'each', operation: 'write', workload });
    const began = now();
    const running = load.run({ ...target, kind: 'mix', seconds, workload, step: STEP });
    running.catch(() => {}); // awaited below, unless Redis fails first
    await wait(seconds * 250);
    const killed = now();
    await redis.kill();
    const gone = now();
    await wait(Math.max(0, began + seconds * 500 - gone));
    const restarted = now();
    redis = await startRedis(redis.port);
    const back = now();
    const result = resultOf(await running, extent, { killed, gone, restarted, back });
    return { result, rows: rowsOf(result), text: outageText(result) };
  } finally {
    await Promise.all([load, redis, server].map((one) => one.stop()));
  }
}

interface Events {
  readonly killed: number;
  readonly gone: number;
  readonly restarted: number;
  readonly back: number;
}

/** Times of all processes are of one clock: the machine's. */
function resultOf({ began, timeline }: Load, extent: Extent, events: Events): OutageResult {
  const acknowledged = timeline
    .map((step) => step.firstAcknowledged)
    .find((time) => time >= events.restarted);
  const since = (time: number) => time - began;
  return {
    ...extent,
    step: STEP,
    killed: since(events.killed),
    gone: since(events.gone),
    restarted: since(events.restarted),
    back: since(events.back),
    firstAcknowledged: acknowledged === undefined ? undefined : since(acknowledged),
    longest: Math.max(...timeline.map((step) => step.longest)),
    timeline,
  };
}

/** Milliseconds since the epoch, finer than `Date.now()`. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function rowsOf(result: OutageResult): Row[] {
  const { connections, keys, step, killed, restarted, back, firstAcknowledged, timeline } = result;
  return timeline.map((counts, i) => ({
    ...{ connections, keys, step_ms: step },
    killed_ms: killed.toFixed(2),
    restarted_ms: restarted.toFixed(2),
    back_ms: back.toFixed(2),
    first_acknowledged_ms: firstAcknowledged?.toFixed(2) ?? '',
    from_ms: i * step,
    reads_found: counts.found,
    reads_absent: counts.absent,
    writes_acknowledged: counts.acknowledged,
    reads_refused: counts.refusedReads,
    writes_refused: counts.refusedWrites,
    errors: counts.errors,
    longest_ms: counts.longest.toFixed(2),
  }));
}

export function outageText(result: OutageResult): string {
  const { connections, keys, step, timeline, killed, gone, restarted, back, firstAcknowledged, longest } =
    result;
  const phase = (name: string, from: number, to: number) => {
    const steps = timeline.slice(Math.ceil(from / step), Math.floor(to / step));
    const duration = (steps.length * step) / 1000;
    const perSecond = (count: (step: Step) => number) =>
      duration === 0 ? '' : (steps.reduce((sum, one) => sum + count(one), 0) / duration).toFixed(0);
    return [
      name,
      perSecond(({ found }) => found),
      perSecond(({ absent }) => absent),
      perSecond(({ acknowledged }) => acknowledged),
      perSecond(({ refusedReads }) => refusedReads),
      perSecond(({ refusedWrites }) => refusedWrites),
      perSecond(({ errors }) => errors),
    ];
  };
  const header = ['per second', 'found', '404', 'written', 'reads 503', 'writes 503', 'errors'];
  const first =
    firstAcknowledged === undefined
      ? 'No write was acknowledged after the restart.'
      : `First write acknowledged ${(firstAcknowledged - restarted).toFixed(0)} ms after the restart began, ` +
        `${(firstAcknowledged - back).toFixed(0)} ms after Redis answered.`;
  return [
    `${connections} connections, 80/20 over ${countText(keys)} keys; Redis killed at ${text(killed)}, restarted empty at ${text(restarted)}.\n\n`,
    textTable([
      header,
      phase('before', 0, killed),
      phase('without Redis', gone, restarted),
      phase('after', firstAcknowledged ?? back, timeline.length * step),
    ]),
    `\n${first} Longest request: ${longest.toFixed(0)} ms.\n`,
  ].join('');
}

function text(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
