/**
 * Who a thread is, and whether it still lives. A thread that died inside an operation may have left a pin, a
 * locked version word or a claimed segment behind; the others may clear it away only if it is dead beyond doubt,
 * because one that merely waits for the processor would go on where it was.
 *
 * Linux says so: `/proc/thread-self` names the calling thread, `/proc/self/task/<id>` is there as long as it
 * lives. Ids come back one day, so the time at which the thread started is part of the identity. Elsewhere no
 * synchronous answer is to be had; see `mayBeGone` for what is done there.
 */
import { readFileSync, readlinkSync } from 'node:fs';

/** Bits of an identity that are the thread's id: the kernel's largest is 2^22. */
const THREAD_ID_BITS = 22;
const THREAD_ID_MASK = (1 << THREAD_ID_BITS) - 1;
const START_TIME_MASK = 0x1ff;
/** Set where the operating system can't be asked. */
const UNKNOWN = -0x80000000;

/** Identity of nobody: its thread has died, and what it left may still stand there. No thread has the id 0. */
export const LEFT = 1 << THREAD_ID_BITS;

/** Index of the start time among the fields of `/proc/<id>/stat` that follow the command's name. */
const START_TIME_FIELD = 19;

/** How long a word must have been held before its owner is taken for dead where the system can't be asked, in ms. */
const PRESUMED_DEAD_AFTER = 1_000;

/** The calling thread's identity: a 32-bit word that is never 0. */
export function currentIdentity(): number {
  try {
    const id = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    const identity = identityOf(id);
    if (identity !== 0) return identity;
  } catch {
    // No /proc: another operating system, or a container that hides it.
  }
  return UNKNOWN | (Math.random() * 0x7fffffff) | 1;
}

/**
 * Whether the thread of that identity can't run any more.
 *
 * @param heldFor milliseconds for which the caller has seen it hold the same word; decides only where the system
 *   can't be asked. There, 1 s is far longer than any word is held without a pause of the whole process.
 */
export function mayBeGone(identity: number, heldFor: number): boolean {
  if (identity === 0 || identity === LEFT) return true;
  if (identity < 0) return heldFor > PRESUMED_DEAD_AFTER;
  try {
    return identityOf(identity & THREAD_ID_MASK) !== identity;
  } catch {
    // No descriptor left, for instance: nothing was found out.
    return false;
  }
}

/**
 * 0 when there is no such thread.
 *
 * @throws the system error when that can't be found out
 */
function identityOf(id: number): number {
  if (!(id > 0 && id <= THREAD_ID_MASK)) return 0;
  let stat: string;
  try {
    stat = readFileSync(`/proc/self/task/${id}/stat`, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return 0;
    throw error;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return id | ((Number(fields[START_TIME_FIELD]) & START_TIME_MASK) << THREAD_ID_BITS);
}
