/** Runs hotshard under 0x, puts load on it, and hands over what 0x collected and drew. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../command.js';
import { LoadClient } from '../load/client.js';
import { failuresOf } from '../load/orders.js';
import { endProcess, startProcess } from '../load/pinned.js';
import { withProgress } from '../progress.js';
import { sampledTime, withSymbols } from './log.js';
import type { FlameScale } from './options.js';
import type { Scenario } from './scenarios.js';

const ZERO_X = createRequire(import.meta.url).resolve('0x/cmd.js');
const HOTSHARD = join(ROOT, 'dist/bin/hotshard.js');
const END_WITH_INPUT = fileURLToPath(new URL('./end-with-input.js', import.meta.url));

/** Milliseconds until 0x, which goes through a log of some megabytes, is thought to hang. */
const PATIENCE = 60_000;

/** What V8 logs, as 0x leaves it. */
const LOG = /-v8\.log$/;
/** The same after V8's own processing: samples and the code they point to. */
const SAMPLES = /-v8\.log\.json$/;
const PAGE = 'flamegraph.html';

export interface Profile {
  /** The page of 0x; with paths of this machine. */
  readonly html: string;
  /** V8's samples as JSON, from the server's first instruction to its last. */
  readonly samples: string;
  /** Milliseconds from the first sample to the first that counts. */
  readonly skip: number;
  /** Per second, while samples were taken. */
  readonly rate: number;
}

/** @throws {Error} when the server, the load or 0x fails, or takes too long */
export async function profile(scenario: Scenario, scale: FlameScale): Promise<Profile> {
  const temporary = mkdtempSync(join(tmpdir(), 'hotshard-flame-'));
  const folder = join(temporary, '0x');
  const remove = () => rmSync(temporary, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    const { lasted, rate } = await collect(scenario, scale, { temporary, folder });
    const log = join(folder, fileIn(folder, LOG));
    const text = readFileSync(log, 'utf8');
    writeFileSync(log, withSymbols(text, process.execPath));
    // By the end, which the server is told of: when it began to take samples nobody knows.
    const skip = Math.max(0, Math.floor(sampledTime(text) - lasted));
    const flags = ['--visualize-only', relative(process.cwd(), folder), '--collect-delay', String(skip)];
    const zeroX = start0x([...flags, '--title', scenario.title], 'load');
    zeroX.stdin?.end();
    await withProgress('0x', PATIENCE / 1000, exitOf(zeroX));
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    return { html: read(PAGE), samples: read(fileIn(folder, SAMPLES)), skip, rate };
  } finally {
    remove();
    process.removeListener('exit', remove);
  }
}

async function collect(
  { flags, address, fill, load: ordersOf }: Scenario,
  { warmUpSeconds, seconds }: FlameScale,
  { temporary, folder }: { readonly temporary: string; readonly folder: string },
) {
  const zeroX = start0x(
    [
      ...['--collect-only', '--working-dir', temporary, '--output-dir', folder, '--', process.execPath],
      // V8 copies its built-ins next to compiled code, but logs where the originals are: copies would have no names.
      '--no-short-builtin-calls',
      ...['--import', END_WITH_INPUT, HOTSHARD, '--port', '0', '--workers', '0', ...flags],
    ],
    'server',
  );
  const load = await LoadClient.start();
  try {
    const port = await portOf(zeroX, address);
    await load.run(fill(port));
    await withProgress('warming up', warmUpSeconds, load.run(ordersOf(port, warmUpSeconds)));
    const began = performance.now();
    const result = await withProgress('sampling', seconds, load.run(ordersOf(port, seconds)));
    zeroX.stdin?.end();
    const lasted = performance.now() - began;
    if (failuresOf(result) > 0) throw new Error(`${failuresOf(result)} requests were not answered by 200`);
    await withProgress('collecting', PATIENCE / 1000, exitOf(zeroX));
    return { lasted, rate: result.requests / result.seconds };
  } finally {
    zeroX.stdin?.destroy();
    await Promise.all([load.stop(), endProcess(zeroX)]);
  }
}

function start0x(args: readonly string[], core: 'server' | 'load'): ChildProcess {
  const child = startProcess({
    core,
    command: process.execPath,
    args: [ZERO_X, '--quiet', ...args],
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdout?.setEncoding('utf8').resume();
  return child;
}

/** The port that the log of hotshard, which 0x passes on, tells. */
async function portOf(zeroX: ChildProcess, address: Scenario['address']): Promise<number> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(PATIENCE)]);
  const pattern = new RegExp(`"${address}":"[^"]+:(\\d+)"`);
  let text = '';
  const told = new Promise<number>((resolve) => {
    zeroX.stdout?.on('data', (chunk) => {
      text += chunk;
      const found = pattern.exec(text);
      if (found !== null) resolve(Number(found[1]));
    });
  });
  const ended = once(zeroX, 'exit', { signal }).then(() => undefined);
  try {
    const port = await Promise.race([told, ended]);
    if (port === undefined) throw new Error(`hotshard did not come up under 0x: ${text}`);
    return port;
  } finally {
    ended.catch(() => {}); // aborted
    over.abort();
  }
}

/** @throws {Error} when it fails, or is not over in time: then it is killed */
async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const impatient = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    await once(child, 'exit');
    clearTimeout(impatient);
  }
  if (child.exitCode !== 0) throw new Error(`0x ended with ${child.signalCode ?? child.exitCode}`);
}

function fileIn(folder: string, pattern: RegExp): string {
  const found = readdirSync(folder).find((name) => pattern.test(name));
  if (found === undefined) throw new Error(`0x wrote no file like ${pattern.source}`);
  return found;
}
