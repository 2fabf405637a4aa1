/** How contenders are measured side by side: in turn, so that what else the machine does meets all of them. */
import { showSteps } from './step-bar.js';

export const WARM_UP_ROUNDS = 2;

/**
 * All rounds of all subjects. Every other round goes backwards: whoever is measured right after a certain other one
 * is not so each time.
 *
 * @param subjects how to measure one round of each
 * @param title of a bar on a terminal; absent: none
 */
export async function alternate<Name, Result>(
  subjects: ReadonlyMap<Name, () => Promise<Result>>,
  rounds: number,
  warmUpRounds = WARM_UP_ROUNDS,
  title?: string,
): Promise<Map<Name, Result[]>> {
  const results = new Map<Name, Result[]>([...subjects.keys()].map((name) => [name, []]));
  const bar = title === undefined ? undefined : showSteps(title, subjects.size * (rounds + warmUpRounds));
  try {
    for (let round = -warmUpRounds; round < rounds; round++) {
      const order = round % 2 === 0 ? [...subjects] : [...subjects].reverse();
      for (const [name, measure] of order) {
        const result = await measure();
        bar?.advance();
        if (round >= 0) results.get(name)?.push(result);
      }
    }
  } finally {
    bar?.stop();
  }
  return results;
}
