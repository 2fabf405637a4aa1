/**
 * wrk as a load: one thread in C, which asks far more than the project's own client. It may still be what limits the rate
 * of a fast server, so CPU time per request is what to compare.
 *
 * wrk 4.1 corrects latency for what a closed loop omits, by the time between two answers: to answers that took longer than
 * twice the mean, it adds some that nobody got. With several requests sent at once that is wrong by their number, so there is
 * no latency then.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { z } from 'zod';
import { ROOT } from '../command.js';
import type { Answers, MixOrder, Target } from '../load/orders.js';
import { startProcess } from '../load/pinned.js';
import { mixed, type Request } from '../load/requests.js';
import type { LoadProgram } from '../peers/contest.js';
import { withTemporaryFolder } from '../temporary.js';
import { printedBy, untilAnswered } from './load-program.js';

const SCRIPT = join(ROOT, 'src/bench/http/mix.lua');

/** Requests in the file by keys: so many that few keys are in none of them. */
const REQUESTS_PER_KEY = 4;

const { NaN: none } = Number;
const NO_LATENCY: Answers['latency'] = {
  ...{ mean: none, p50: none, p75: none, p90: none },
  ...{ p95: none, p99: none, p999: none, max: none },
};

/** Waits for answers up to this, in seconds: wrk counts those that take longer as errors. */
const TIMEOUT = 10;

/** An interrupt before wrk is ready for one would end it without a word: until then it is ignored, as is told by a line. */
const START = 'trap "" INT; echo >&2; exec wrk "$@"';

/** @param depth how many requests a connection sends at once */
export function wrk(depth: number): LoadProgram {
  return {
    run: (order) =>
      withTemporaryFolder('wrk', async (folder) => {
        const file = join(folder, 'requests');
        await writeRequests(file, order, depth);
        const answers = await untilAnswered('wrk', order.seconds, async (seconds) =>
          parseWrk(await outputOf(file, order, seconds)),
        );
        return depth === 1 ? answers : { ...answers, latency: NO_LATENCY };
      }),
  };
}

async function writeRequests(file: string, { workload }: MixOrder, depth: number): Promise<void> {
  const next = mixed(workload);
  const stream = createWriteStream(file);
  const parts = Math.max(1, Math.floor((REQUESTS_PER_KEY * workload.keys) / depth));
  for (let part = 0; part < parts; part++) {
    const bytes = Buffer.concat(Array.from({ length: depth }, () => bytesOf(next())));
    if (!stream.write(Buffer.concat([Buffer.from(`${bytes.length}\n`), bytes]))) await once(stream, 'drain');
  }
  stream.end();
  await finished(stream);
}

function bytesOf({ text, body }: Request): Buffer {
  const before = Buffer.from(text, 'latin1');
  return body === undefined ? before : Buffer.concat([before, body[0], Buffer.from(body[1], 'latin1')]);
}

async function outputOf(file: string, { port, connections }: Target, seconds: number): Promise<string> {
  const child = startProcess({
    core: 'load',
    command: 'sh',
    args: [
      ...['-c', START, 'wrk'],
      ...['-t', '1', '-c', String(connections), '-d', `${Math.ceil(seconds)}s`],
      ...['--timeout', `${TIMEOUT}s`, '-s', SCRIPT, `http://127.0.0.1:${port}`, '--', file],
    ],
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let early: NodeJS.Timeout | undefined;
  child.stderr?.once('data', () => {
    // It knows whole seconds only, but says what it has when it is interrupted.
    if (seconds < 1) early = setTimeout(() => child.kill('SIGINT'), seconds * 1000);
  });
  const output = await printedBy(child);
  clearTimeout(early);
  return output;
}

const count = z.number().nonnegative();
const LINE = z.strictObject({
  duration: z.number().positive(),
  requests: count,
  errors: count,
  ...{ mean: count, p50: count, p75: count, p90: count, p95: count, p99: count, p999: count, max: count },
});

/**
 * @param output all that wrk has printed: its own words, and the line of our script
 * @throws {Error} with that output when there is no such line
 */
export function parseWrk(output: string): Answers {
  const line = output.split('\n').find((text) => text.startsWith('{'));
  const { data } = LINE.safeParse(line === undefined ? undefined : jsonOf(line));
  if (data === undefined) throw new Error(`wrk did not say what it measured: ${output.trim()}`);
  const { duration, requests, errors, ...latency } = data;
  // Of what went wrong it tells only how often: as for our own load, that is no answer.
  const statuses = { 200: requests - errors, 0: errors };
  return { seconds: duration / 1e6, requests, statuses, latency, cpu: Number.NaN };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
