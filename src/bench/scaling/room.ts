/** What fits on this machine: stops of a sweep that do not are left out, and it is said which, and why. */
import { freemem } from 'node:os';

export interface Stops<Stop> {
  readonly stops: readonly Stop[];
  readonly skipped: readonly string[];
}

/** @param needs a stop of its memory, in bytes, and what it is called */
export function fitting<Stop>(
  stops: readonly Stop[],
  needs: (stop: Stop) => { readonly name: string; readonly bytes: number },
  available = freemem(),
): Stops<Stop> {
  return {
    stops: stops.filter((stop) => needs(stop).bytes <= available),
    skipped: stops.map(needs).flatMap(({ name, bytes }) => {
      if (bytes <= available) return [];
      const [needed, there] = [bytes, available].map((all) => (all / 1e9).toFixed(1));
      return `${name}: needs ${needed} GB of memory, and ${there} GB are available`;
    }),
  };
}
