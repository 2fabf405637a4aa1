/** What becomes of an entry that is let go: carried out by the shard, for those who decide on it. */

/** Why an entry is removed. */
export type Removal = 'evicted' | 'expired' | 'deleted' | 'cleared';

export interface EntryFate {
  /**
   * Makes an entry unreachable. Its location must be pinned, or lie in a segment that this thread has claimed.
   * False when its slot holds another location by now.
   */
  remove(slot: number, location: number, reason: Removal): boolean;
}
