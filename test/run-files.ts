/**
 * Runs files of tests as `tap` would run them, each in a process of its own unless files.ts says otherwise, but without the hooks
 * for coverage that `tap` puts into every process it starts. Nobody measures coverage here, and they take longer than most of the
 * files. Nor are there source maps, which would be read for every module loaded: what tsc writes is as good as what it reads.
 */
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { folderTogether } from './files.js';
import { plain } from './plain.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/**
 * Seconds that a process with tests may take, be they those of a file or of a folder. TAP_TIMEOUT is for all of a process, which
 * tells it to whoever started it; a single test has a limit only where it names one.
 */
const TIMEOUT = 300;

/**
 * What takes longest starts first, so that no processor is without work at the end: these in their order, and then the rest. (A
 * file that is missing here takes no harm, nor does a name that no file has.)
 */
const LONGEST: readonly string[] = [
  'bench',
  'store/redis/outage.test.js',
  'store/redis/coherence.test.js',
  'supervisor/drain.test.js',
  'supervisor/snapshot.test.js',
  'package.test.js',
  'commands',
  'shards/eviction.test.js',
  'shards/termination.test.js',
  'shards/linearizability/history.test.js',
  'store/redis/write-through.test.js',
  'supervisor/port.test.js',
  'shards/threads.test.js',
  'supervisor/resp-port.test.js',
  'supervisor/pool.test.js',
  'store/load.test.js',
  'shards/collision.test.js',
  'shards/snapshot.test.js',
];

/** @param files those to run, by their paths from this folder with `/` */
export function runFiles(files: readonly string[]): void {
  t.setTimeout(0);
  // One more than there are processors: some files wait more than they work.
  t.jobs = cpus().length + 1;
  const names = new Set(files.map((file) => folderTogether(file) ?? file));
  for (const name of new Set([...LONGEST.filter((each) => names.has(each)), ...names])) {
    const program = name.endsWith('.js') ? [join(HERE, name)] : [join(HERE, 'together.js'), name];
    const [command, args] = plain(process.execPath, program);
    const env = { ...process.env, TAP_TIMEOUT: String(TIMEOUT) };
    t.spawn(command, args, { buffered: true, timeout: 1000 * TIMEOUT, env }, name);
  }
}
