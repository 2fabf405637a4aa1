/**
 * Looks at the records of a segment that other threads may be writing to or emptying: for samples, not for
 * decisions, since whatever is seen may be gone the next moment.
 */
import { kindOf, recordWords } from './entry.js';
import { ageOf, IN_USE, stateOf, usedWords } from './segment.js';
import type { ShardView } from './shard-view.js';

/** Called with each record's location and kind; false stops the walk. */
export type Visit = (location: number, kind: number) => boolean;

/** Where a walk goes on: a word offset at which a record begins, in the life of the segment that has that age. */
export interface Resume {
  readonly offset: number;
  readonly age: number;
}

export const FROM_START: Resume = { offset: 0, age: 0 };

/**
 * Visits the records of a segment, under the walk pin: from an offset on, or all in another life of the segment.
 *
 * The segment is in use after the pin was set, so it can't become free before the pin is off (INVARIANT I1), and
 * up to its end, loaded after that, it holds whole records (ORDER O6).
 *
 * @param atEnd called, still under the pin, when the walk comes to the end
 * @returns the offset at which the walk stopped; 0 when it came to the end
 */
export function walk(
  view: ShardView,
  segment: number,
  from: Resume,
  visit: Visit,
  atEnd?: () => void,
): number {
  const { control, walkPin } = view.thread;
  Atomics.store(control, walkPin, view.pinFor(view.segmentStart(segment)));
  let stoppedAt = 0;
  if (stateOf(view, segment) === IN_USE) {
    const start = view.segmentStart(segment);
    const end = start + usedWords(view, segment);
    const offset = ageOf(view, segment) === from.age ? from.offset : 0;
    for (let at = start + offset; at < end; ) {
      const kind = kindOf(view, at);
      const size = recordWords(view, at, kind);
      if (!visit(at, kind)) {
        stoppedAt = at + size < end ? at + size - start : 0;
        break;
      }
      at += size;
    }
    if (stoppedAt === 0) atEnd?.();
  }
  view.thread.unpinWalk();
  return stoppedAt;
}
