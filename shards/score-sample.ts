/** Scores of some entries, from segments all over a shard: what the policy knows of the others when it lets some go. */
import { stampOf } from './entry.js';
import { SCORE_SAMPLE } from './eviction.js';
import { FLAG_DEAD, FLAG_FRAGMENT } from './layout.js';
import type { Recency } from './recency.js';
import type { ShardView } from './shard-view.js';
import { FROM_START, walk } from './walk.js';

/** Records looked at per segment. */
const RECORDS_PER_SEGMENT = 16;

export function sampleScores(view: ShardView, { clock, weights }: Recency): number[] {
  const { segments } = view.layout;
  weights.refresh();
  const scores: number[] = [];
  let segment = Math.floor(Math.random() * segments);
  const stride = Math.max(1, Math.floor(segments / SCORE_SAMPLE));
  for (let i = 0; i < segments && scores.length < SCORE_SAMPLE; i++) {
    let looked = 0;
    walk(view, segment, FROM_START, (location, kind) => {
      if (!(kind & (FLAG_DEAD | FLAG_FRAGMENT))) {
        // The tick after the stamp: an entry that was used since the tick would look as old as can be.
        scores.push(weights.scoreOf(stampOf(view, location), clock.now));
      }
      return ++looked < RECORDS_PER_SEGMENT;
    });
    segment += stride;
    // One further on at each turn around, so that every segment is met.
    if (segment >= segments) segment = (segment + 1) % segments;
  }
  return scores;
}
