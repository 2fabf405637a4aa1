/** What the programs that put load on HTTP servers have in common. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Answers } from '../load/orders.js';

/** Seconds, of a run that is to have answers after all. */
const LONGEST = 99;

/**
 * Runs it for so many seconds, and for longer when it had no answer: on a busy machine less than a second may be over
 * before the first.
 *
 * @throws {Error} when there is none at all
 */
export async function untilAnswered(
  program: string,
  atFirst: number,
  run: (seconds: number) => Promise<Answers>,
): Promise<Answers> {
  for (let seconds = atFirst; seconds <= LONGEST; seconds *= 10) {
    const answers = await run(seconds);
    if (answers.requests > 0) return answers;
  }
  throw new Error(`${program} got no answer`);
}

/** All that it prints until it ends. */
export async function printedBy(child: ChildProcess): Promise<string> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
  }
  await once(child, 'close');
  return output;
}
