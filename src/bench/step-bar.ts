/** How far a long benchmark is, for whoever watches: a bar where standard error is a terminal, otherwise nothing. */
import { SingleBar } from 'cli-progress';

export interface StepBar {
  /** One more step is done. */
  advance(): void;
  /** Takes the bar off the terminal. */
  stop(): void;
}

/** @param stream for tests */
export function showSteps(name: string, steps: number, stream: NodeJS.WriteStream = process.stderr): StepBar {
  if (!stream.isTTY) return { advance: () => {}, stop: () => {} };
  const bar = new SingleBar({
    stream,
    format: `${name} [{bar}] {value} of {total}, {eta_formatted} left`,
    clearOnComplete: true,
    // The benchmark has its own way to stop.
    gracefulExit: false,
  });
  bar.start(steps, 0);
  return { advance: () => bar.increment(), stop: () => bar.stop() };
}
