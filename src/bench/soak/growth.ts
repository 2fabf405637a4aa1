/**
 * Whether something grows, told from samples that go up and down: the criterion of the soak.
 *
 * 1. The samples are cut into {@link BLOCKS} stretches of equal time, and each stands for its median. So a saw-tooth of the
 *    garbage collector, a moment without a worker, or a sample at a bad time moves nothing.
 * 2. The trend is the Theil-Sen line through these: the median of the slopes of all pairs. Growth is what the line rises by
 *    from the first sample to the last. A single step early or late is no trend; one step after the other is.
 * 3. The noise is how far the medians lie from the line: their standard deviation. What a straight line through `n` such
 *    points, at equal distances, rises by has a standard error of noise times √(12 / n).
 * 4. Growth is too much when it is more than {@link SURENESS} of these errors, so that chance is no explanation, and more
 *    than is borne of this figure anyway, since programs differ by that much from one moment to the next.
 *
 * So a leak of 1 MB a minute is found in ten minutes beside a noise of ±5 MB, when a sample is taken every two seconds.
 */
import { spreadOf } from '../spread.js';

const BLOCKS = 15;
/** With fewer of them there is no telling. */
const FEWEST = 8;
/** Chance alone is more than this in about one of 10,000 series of nothing but noise. */
const SURENESS = 5;

export interface Point {
  readonly seconds: number;
  /** What is not a number was not measured. */
  readonly value: number;
}

/** What is no growth yet, however sure: so much, or this share of what it was at the beginning, whichever is more. */
export interface Borne {
  readonly atLeast: number;
  readonly share: number;
}

export interface Growth {
  /** Of the line, at the first and the last sample. */
  readonly first: number;
  readonly last: number;
  /** What it may rise by. */
  readonly tolerance: number;
  readonly isTooMuch: boolean;
}

/** Undefined where there are too few samples to tell. */
export function growthOf(points: readonly Point[], borne: Borne): Growth | undefined {
  const known = points.filter(({ value }) => !Number.isNaN(value));
  const medians = blocksOf(known);
  if (medians.length < FEWEST) return undefined;
  const slope = median(slopesOf(medians));
  const start = median(medians.map(({ seconds, value }) => value - slope * seconds));
  const valueAt = (seconds: number) => start + slope * seconds;
  const first = valueAt(known[0].seconds);
  const last = valueAt(known[known.length - 1].seconds);
  const squares = medians.map(({ seconds, value }) => (value - valueAt(seconds)) ** 2);
  // Two less than there are: level and slope were chosen to fit them.
  const noise = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / (medians.length - 2));
  const error = noise * Math.sqrt(12 / medians.length);
  const tolerance = Math.max(borne.atLeast, borne.share * first, SURENESS * error);
  return { first, last, tolerance, isTooMuch: last - first > tolerance };
}

/** The medians of stretches of equal time; of those without a sample there is none. */
function blocksOf(points: readonly Point[]): Point[] {
  const from = points[0]?.seconds ?? 0;
  const length = ((points.at(-1)?.seconds ?? 0) - from) / BLOCKS;
  const blocks = Array.from({ length: BLOCKS }, (): Point[] => []);
  for (const point of points) {
    blocks[Math.min(BLOCKS - 1, Math.floor((point.seconds - from) / length))]?.push(point);
  }
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => ({
      seconds: median(block.map(({ seconds }) => seconds)),
      value: median(block.map(({ value }) => value)),
    }));
}

function slopesOf(points: readonly Point[]): number[] {
  return points.flatMap((a, i) =>
    points.slice(i + 1).map((b) => (b.value - a.value) / (b.seconds - a.seconds)),
  );
}

function median(values: readonly number[]): number {
  return spreadOf(values).median;
}
