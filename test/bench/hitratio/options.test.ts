/** The flags of `bench:hitratio`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { GENERATED_NAMES } from '../../../src/bench/hitratio/generate.js';
import { parseOptions } from '../../../src/bench/hitratio/options.js';
import { formatTrace, traceOf } from '../../../src/bench/hitratio/trace.js';

const folder = mkdtempSync(join(tmpdir(), 'hotshard-traces-'));
const path = join(folder, 'shop.trace.gz');
writeFileSync(path, formatTrace(traceOf('shop', [0, 1])));
writeFileSync(join(folder, 'README.md'), '');

test('flags', (t) => {
  t.teardown(() => rmSync(folder, { recursive: true }));

  t.test('all traces and contenders, unless told otherwise', (t) => {
    const { sources, contenders, length, threads, isComplete } = parseOptions(['--traces', folder]);
    t.strictSame(sources[0], { kind: 'real', name: 'shop', path });
    t.strictSame(
      sources.slice(1).map(({ name }) => name),
      GENERATED_NAMES,
    );
    t.strictSame(contenders.at(-1), 'hotshard');
    t.strictSame({ length, threads, isComplete }, { length: 1, threads: 2, isComplete: true });
    t.end();
  });

  t.test('some of them; that is not complete', (t) => {
    const some = parseOptions([
      '--traces',
      folder,
      '--only',
      'loop,shop',
      '--policies',
      'HOTSHARD,s3-fifo,LRU',
    ]);
    t.strictSame(
      some.sources.map(({ name }) => name),
      ['shop', 'loop'],
    );
    t.strictSame(some.contenders, ['LRU', 'S3-FIFO', 'hotshard']);
    t.equal(some.isComplete, false);
    t.end();
  });

  t.test('--quick is shorter, and not complete', (t) => {
    const { length, isComplete, shares } = parseOptions(['--traces', folder, '--quick']);
    t.ok(length < 1);
    t.strictSame(shares, [0.01, 0.05, 0.1, 0.25]);
    t.equal(isComplete, false);
    t.end();
  });

  t.test('what is wrong is said', (t) => {
    const wrong = (message: string, ...flags: string[]) =>
      t.throws(() => parseOptions(['--traces', folder, ...flags]), { message }, message);
    wrong(`--only: there is no "x", only shop, ${GENERATED_NAMES.join(', ')}`, '--only', 'loop,x');
    wrong(
      '--policies: there is no "x", only FIFO, LRU, CLOCK, SIEVE, S3-FIFO, W-TinyLFU, optimum, hotshard',
      ...['--policies', 'x'],
    );
    wrong('--threads: must be a whole number from 1 to 99', '--threads', '0');
    t.throws(() => parseOptions(['--traces', join(folder, 'none')]), { message: /^--traces: there is no / });
    t.end();
  });
  t.end();
});
