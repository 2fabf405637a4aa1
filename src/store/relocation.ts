/** Operations that follow their key to where it is. */
import { RelocatedError, StoreUnavailableError } from './backing-store.js';

/** Milliseconds for which an operation follows its key to where that has moved. */
const RELOCATION_LIMIT = 1_000;

/**
 * Does an operation again when its key turns out to be elsewhere.
 *
 * @param onUnavailable called when it fails since the store is out of reach
 */
export async function following<T>(operation: () => Promise<T>, onUnavailable: () => void): Promise<T> {
  const deadline = performance.now() + RELOCATION_LIMIT;
  for (;;) {
    try {
      return await operation();
    } catch (error) {
      if (error instanceof RelocatedError && performance.now() < deadline) {
        await error.settled;
        continue;
      }
      if (error instanceof StoreUnavailableError) onUnavailable();
      if (!(error instanceof RelocatedError)) throw error;
      onUnavailable();
      throw new StoreUnavailableError(error.message, 1, { cause: error });
    }
  }
}
