/** Files that a program reads while it starts, and nobody needs after that. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder is removed, with all that is in it, when what `use` returns has settled. */
export async function withTemporaryFolder<Result>(
  name: string,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), `hotshard-${name}-`));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
