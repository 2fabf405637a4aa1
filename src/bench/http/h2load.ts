/**
 * h2load as a load: HTTP/2 with prior knowledge, by one thread in C. Each of its connections asks for the same list of URLs
 * from the beginning on, and all requests of a run are of one kind: it either reads, or writes the same value again and
 * again.
 *
 * It prints no percentiles, but writes a line for each answer: when its request was sent, its status, and the microseconds to
 * the end of the answer. A request is sent when there is a stream for it, so that it waits for no other of its connection.
 * It is still a closed loop: a server that stalls is not charged for what would have come meanwhile.
 */
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Times } from '../load/latency.js';
import { type Answers, authorityOf, type MixOrder } from '../load/orders.js';
import { startProcess } from '../load/pinned.js';
import { nameOf, VALUE_LENGTH, valueBy } from '../load/requests.js';
import type { LoadProgram } from '../peers/contest.js';
import { withTemporaryFolder } from '../temporary.js';
import { randomNumbers, shuffled } from '../zipf.js';
import { printedBy, untilAnswered } from './load-program.js';

/** @param streams requests that a connection has under way at once */
export function h2load(streams: number): LoadProgram {
  return {
    run: (order) =>
      untilAnswered('h2load', order.seconds, (seconds) =>
        withTemporaryFolder('h2load', (folder) => answersOf(folder, { ...order, seconds }, streams)),
      ),
  };
}

async function answersOf(folder: string, order: MixOrder, streams: number): Promise<Answers> {
  const log = join(folder, 'log');
  const child = startProcess({
    core: 'load',
    command: 'h2load',
    args: [
      ...['-t', '1', '-c', String(order.connections), '-m', String(streams)],
      ...['-D', `${Math.round(order.seconds * 1000)}ms`, '--log-file', log],
      ...requestFlags(folder, order),
    ],
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const failures = parseFailures(await printedBy(child));
  return answersIn(createInterface({ input: createReadStream(log) }), failures);
}

/** @throws {Error} when it is to read and to write */
function requestFlags(folder: string, { workload, ...target }: MixOrder): string[] {
  const { keys, seed, valueSize = VALUE_LENGTH, reads } = workload;
  if (reads !== 0 && reads !== 1) throw new Error('h2load either reads or writes');
  const random = randomNumbers(seed);
  const origin = `http://${authorityOf(target)}/${reads === 1 ? 'get' : 'store'}/`;
  const list = join(folder, 'urls');
  writeFileSync(list, Array.from(shuffled(keys, random), (key) => `${origin}${nameOf(key)}\n`).join(''));
  if (reads === 1) return ['-i', list];
  const body = join(folder, 'body');
  writeFileSync(body, valueBy(random, valueSize));
  return ['-i', list, '-d', body];
}

/**
 * @param output all that h2load has printed
 * @returns how many requests got no answer
 * @throws {Error} with that output when it does not say
 */
export function parseFailures(output: string): number {
  const [, errored, late] = /^requests: .* (\d+) errored, (\d+) timeout$/m.exec(output) ?? [];
  if (errored === undefined) throw new Error(`h2load did not say what it measured: ${output.trim()}`);
  return Number(errored) + Number(late);
}

/**
 * @param log lines: when it was sent, in microseconds; the status, -1 of streams that failed; microseconds
 * @param failures requests that got no answer
 */
export async function answersIn(log: AsyncIterable<string>, failures: number): Promise<Answers> {
  const times = new Times();
  const statuses: Record<number, number> = failures === 0 ? {} : { 0: failures };
  let requests = failures;
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for await (const line of log) {
    const [sent, status, took] = line.split('\t').map(Number);
    // They are among the failures.
    if (status < 0) continue;
    requests++;
    statuses[status] = (statuses[status] ?? 0) + 1;
    times.take(took);
    first = Math.min(first, sent);
    last = Math.max(last, sent + took);
  }
  const seconds = Math.max(0, last - first) / 1e6;
  return { seconds, requests, statuses, latency: times.latency, cpu: Number.NaN };
}
