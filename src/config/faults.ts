/**
 * Faults on purpose, for tests and rehearsals: what `HOTSHARD_FAULTS` may ask for, and the schedule of those that come
 * by time. There is no flag for them, so that nobody meets them who did not look for them.
 *
 * - `store-delay=200ms@0.1`: of the answers of Redis, or of the data file, one in ten comes 200 ms late
 * - `store-fail@0.01`: one operation in a hundred fails, before or after it was done
 * - `kill-worker=30s`: a worker is killed every 30 seconds, on average
 * - `drop-tracking=10s`: each connection by which Redis tells of changes is lost after 10 seconds, on average
 *
 * Which operation, and when, is drawn at random. Without `@…` it is every operation.
 */
import { badValue } from './errors.js';
import { parseDuration } from './units.js';

export const FAULTS_VARIABLE = 'HOTSHARD_FAULTS';

const FORMAT =
  'store-delay=DURATION[@SHARE], store-fail[@SHARE], kill-worker=DURATION and drop-tracking=DURATION, each at most once, ' +
  'with commas between; a share is more than 0 and at most 1';

const NAME = /^(?<name>[a-z-]+)(?:=(?<time>[^@]*))?(?:@(?<share>\d+(?:\.\d+)?))?$/;

/** Structured-cloneable. A fault that is absent does not happen. */
export interface Faults {
  /** Share of the store's answers that are late, above 0 to 1, and by how many milliseconds. */
  readonly storeDelay?: { readonly share: number; readonly milliseconds: number };
  /** Share of the store's operations that fail, above 0 to 1. */
  readonly storeFail?: number;
  /** Mean milliseconds from one worker's death to the next one's. */
  readonly killWorker?: number;
  /** Mean milliseconds that a connection for invalidations lives. */
  readonly dropTracking?: number;
}

/**
 * The faults that a text asks for; undefined when it is empty.
 *
 * @throws {UsageError} when it can't be read
 */
export function parseFaults(text: string): Faults | undefined {
  if (text === '') return undefined;
  const faults: Faults[] = [];
  for (const item of text.split(',')) {
    const fault = parseFault(item);
    const isGiven = (name: string): boolean => faults.some((other) => name in other);
    if (fault === undefined || Object.keys(fault).some(isGiven)) {
      throw badValue(FAULTS_VARIABLE, text, FORMAT);
    }
    faults.push(fault);
  }
  return Object.assign({}, ...faults);
}

function parseFault(text: string): Faults | undefined {
  const { name, time, share: shareText } = NAME.exec(text)?.groups ?? {};
  const share = shareText === undefined ? 1 : Number(shareText);
  const milliseconds = time === undefined ? undefined : parseDuration(time);
  if (share === 0 || share > 1) return undefined;
  if (name === 'store-fail') return time === undefined ? { storeFail: share } : undefined;
  if (milliseconds === undefined || milliseconds === 0) return undefined;
  if (name === 'store-delay') return { storeDelay: { share, milliseconds } };
  if (shareText !== undefined) return undefined;
  if (name === 'kill-worker') return { killWorker: milliseconds };
  if (name === 'drop-tracking') return { dropTracking: milliseconds };
  return undefined;
}

/** Longest time of a timer, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Does something again and again, at times that nobody can foresee: the pauses are distributed exponentially.
 *
 * @param mean of the pauses, in milliseconds; undefined: it is never done
 * @returns ends it
 */
export function atRandomTimes(mean: number | undefined, action: () => void): () => void {
  if (mean === undefined) return () => {};
  let timer: NodeJS.Timeout;
  const next = (): void => {
    const pause = Math.min(LONGEST_TIMER, -mean * Math.log(1 - Math.random()));
    timer = setTimeout(() => {
      next();
      action();
    }, pause).unref();
  };
  next();
  return () => clearTimeout(timer);
}
