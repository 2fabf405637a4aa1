/**
 * How `bench:map` measures: every contender has a thread of its own, so that none is compiled for the sake of
 * another, and they take turns round by round, so that what else the machine does meets all of them.
 */
import { once } from 'node:events';
import { parentPort, Worker } from 'node:worker_threads';
import type { Round } from './statistics.js';

/** A thread that has not answered by then never will: the run ends with an error instead of hanging. */
const PATIENCE = 60_000;

/** Resolves when the thread has answered for the first time; rejects when it fails. */
export async function startThread(file: URL, workerData: unknown): Promise<Worker> {
  const thread = new Worker(file, { workerData });
  await answerOf(thread);
  return thread;
}

/** The answer of a thread that does what `serve` says. */
export async function ask<Answer>(thread: Worker, order: unknown): Promise<Answer> {
  const answer = answerOf(thread);
  thread.postMessage(order);
  return (await answer) as Answer;
}

export async function endThreads(threads: Iterable<Worker>): Promise<void> {
  await Promise.all([...threads].map((thread) => thread.terminate()));
}

async function answerOf(thread: Worker): Promise<unknown> {
  const [answer] = await once(thread, 'message', { signal: AbortSignal.timeout(PATIENCE) });
  return answer;
}

/** In the thread: answers each order. Says that it is ready by answering at once. */
export function serve<Order>(answer: (order: Order) => unknown): void {
  const port = parentPort;
  port?.on('message', (order: Order) => port.postMessage(answer(order)));
  port?.postMessage('ready');
}

/** Times a loop of so many operations, in the thread that runs it. No other may run at the time. */
export function timeRound(operations: number, run: () => void): Round {
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  run();
  const wall = performance.now() - began;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { wall: (wall * 1e6) / operations, cpu: ((user + system) * 1e3) / operations };
}
