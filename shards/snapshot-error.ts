/** The error of snapshots. Alone in its file, so that the package's types need none of Node's. */

/** A file that can't be restored, or a place that a snapshot can't be saved to. The message names file and reason. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';

  constructor(
    readonly path: string,
    /** What is wrong, so that "the snapshot …" can stand before it. */
    readonly reason: string,
  ) {
    super(`the snapshot ${JSON.stringify(path)} ${reason}`);
  }
}
