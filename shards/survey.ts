/** A look at all segments of a shard, to choose the one to empty. A hint: who acts on it claims the segment first. */
import { factsOf, recoverFromDead } from './segment.js';
import type { ShardView } from './shard-view.js';
import { forEachPinned, recoverDeadThreads } from './thread-slot.js';

/** No segment. */
export const NONE = -1;

/** Milliseconds between two looks for segments that dead threads have left. */
const OWNER_CHECK_INTERVAL = 100;

/** Why a segment is not chosen: somebody may be reading in it; it was tried already. 0: it may be. */
const PINNED = 1;
const PASSED_OVER = 2;

export class Survey {
  /** The closed segment of whose records the largest part is dead, and that part; NONE and 0 when all are alive. */
  deadest = NONE;
  gain = 0;
  /** The closed segment that was opened first. */
  oldest = NONE;
  /** Whether some segment may be free soon, as a thread has claimed it or may be reading what it held. */
  isAwaited = false;
  /** Closed segments, chosen from or not. */
  closed = 0;
  #oldestAge = 0;
  readonly #view: ShardView;
  readonly #marks: Uint8Array;
  #nextOwnerCheck = 0;

  constructor(view: ShardView) {
    this.#view = view;
    this.#marks = new Uint8Array(view.layout.segments);
  }

  /**
   * Looks at the closed segments: at those that nobody may be reading in, if there are such. Segments of dead threads are
   * met here, and closed.
   */
  make(): void {
    const view = this.#view;
    const { thread, layout, shard } = view;
    // This thread reads nothing now, so its own pin need not stand in its way.
    thread.pinForRead(0);
    const marks = this.#marks.fill(0);
    forEachPinned(thread.control, layout.threadSlots, shard, (segment) => {
      marks[segment] = PINNED;
    });
    if (this.#ownersAreDue()) {
      recoverDeadThreads(thread, layout.threadSlots);
      recoverFromDead(view);
    }
    this.#look();
  }

  /** Looks again, and not at this segment. */
  passOver(segment: number): void {
    this.#marks[segment] = PASSED_OVER;
    this.#look();
  }

  #look(): void {
    this.#lookAt(0);
    if (this.oldest === NONE) this.#lookAt(PINNED);
  }

  /** @param mostMarked segments with a higher mark are left out */
  #lookAt(mostMarked: number): void {
    const view = this.#view;
    const marks = this.#marks;
    this.deadest = NONE;
    this.gain = 0;
    this.oldest = NONE;
    this.isAwaited = false;
    this.closed = 0;
    for (let segment = 0; segment < view.layout.segments; segment++) {
      const { isClosed, isComingFree, gain, age } = factsOf(view, segment);
      if (isComingFree) this.isAwaited = true;
      if (!isClosed) continue;
      this.closed++;
      if ((marks[segment] as number) > mostMarked) continue;
      if (gain > this.gain) {
        this.deadest = segment;
        this.gain = gain;
      }
      // Ages wrap around: compared by their difference.
      if (this.oldest === NONE || ((age - this.#oldestAge) | 0) < 0) {
        this.oldest = segment;
        this.#oldestAge = age;
      }
    }
  }

  /** Asking the system about each owner is slow, and deaths are rare: once in a while is enough. */
  #ownersAreDue(): boolean {
    const now = performance.now();
    if (now < this.#nextOwnerCheck) return false;
    this.#nextOwnerCheck = now + OWNER_CHECK_INTERVAL;
    return true;
  }
}
