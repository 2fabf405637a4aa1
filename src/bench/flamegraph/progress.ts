/** A bar on the terminal for what takes a known time. Where standard error is none, nothing. */
import { SingleBar } from 'cli-progress';

/** Milliseconds between two states of the bar. */
const INTERVAL = 200;

/** Shows the bar until the work is over. */
export async function withProgress<T>(label: string, seconds: number, work: Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return work;
  const bar = new SingleBar({
    stream: process.stderr,
    format: `${label} [{bar}] {value} of ${seconds} s`,
    clearOnComplete: true,
    // The program has its own way to stop.
    gracefulExit: false,
  });
  const began = performance.now();
  bar.start(seconds, 0);
  const timer = setInterval(() => {
    bar.update(Math.min(seconds, Math.floor((performance.now() - began) / 1000)));
  }, INTERVAL);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    bar.stop();
  }
}
