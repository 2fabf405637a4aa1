/** Data files for `--load`, in a temporary folder: to store millions of keys over HTTP would take too long. */
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { nameOf, valueBy } from '../load/requests.js';
import { randomNumbers } from '../zipf.js';

/** Lines that are written at once. */
const BATCH = 2_000;
const SEED = 20_261_121;
/** Values are pieces of one text of so many more bytes than one of them has: to make each anew would take longer. */
const PIECES = 1 << 16;

export class DataFiles {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hotshard-scaling-'));

  constructor() {
    // They are large: not to be left behind by a run that is broken off.
    process.once('exit', () => this.remove());
  }

  path(keys: number): string {
    return join(this.#folder, `${keys}.txt`);
  }

  /** The keys that the load asks for. */
  async write(keys: number, valueSize: number): Promise<void> {
    const random = randomNumbers(SEED);
    const text = valueBy(random, valueSize + PIECES);
    await writeLines(this.path(keys), keys, (key) => {
      const start = Math.floor(random() * PIECES);
      return `${nameOf(key)} ${text.slice(start, start + valueSize)}\n`;
    });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** To a file, or to a named pipe as soon as somebody reads from it. */
export async function writeLines(
  path: string,
  count: number,
  lineOf: (index: number) => string,
): Promise<void> {
  await pipeline(Readable.from(batches(count, lineOf)), createWriteStream(path));
}

function* batches(count: number, lineOf: (index: number) => string): Generator<string> {
  for (let first = 0; first < count; first += BATCH) {
    let lines = '';
    const end = Math.min(first + BATCH, count);
    for (let i = first; i < end; i++) lines += lineOf(i);
    yield lines;
  }
}
