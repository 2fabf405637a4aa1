/** A data file behind the map: which values come back, which never do, and what a damaged file is answered with. */
import './fixtures/counted-reads.js'; // before what reads
import { appendFileSync, openSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import pino from 'pino';
import t, { type Test } from 'tap';
import { StoreUnavailableError } from '../../src/store/backing-store.js';
import { FileIndex } from '../../src/store/file-index.js';
import { FileStore } from '../../src/store/file-store.js';
import { UNLABELLED } from '../../src/store/sessions.js';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { mostReadsAtOnce } from './fixtures/counted-reads.js';
import { type LoadedFile, loadFile, openFile } from './fixtures/loaded-file.js';
import type { ThreadReport, ThreadTask } from './fixtures/overriding-thread.js';

const KIB = 1024;

// Waiting in shared memory does not keep a process alive; a server that listens does.
const alive = setInterval(() => {}, 1000);
t.teardown(() => clearInterval(alive));

function linesOf(count: number, value: (i: number) => string = (i) => `value of ${i}`): string {
  return Array.from({ length: count }, (_, i) => `key-${i} ${value(i)}\n`).join('');
}

async function isUnavailable(t: Test, promise: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StoreUnavailableError)) t.fail(`not refused: ${String(error)}`);
  else {
    t.match(error.message, message);
    t.ok(error.retryAfter >= 1);
  }
}

t.test('every key of a file 20 times larger than memory is found, and no other', async (t) => {
  const count = 20_000;
  const value = (i: number): string => `${i} `.repeat(10 + (i % 10));
  const content = linesOf(count, value);
  t.ok(content.length >= 20 * 64 * KIB);
  const { fetch, store, map } = await loadFile(t, content, { maxMemory: 64 * KIB });
  let wrong = 0;
  const keys = Array.from({ length: count }, (_, i) => i);
  await Promise.all(keys.map(async (i) => (await fetch(`key-${i}`)) === value(i) || wrong++));
  t.equal(wrong, 0);
  for (const absent of ['key-', `key-${count}`, 'ey-1', 'key-1 ', 'x']) {
    t.equal(await fetch(absent), undefined);
    t.ok(store.lacks(absent));
  }
  t.notOk(store.lacks('key-1'));
  for (let i = 0; i < count; i++) {
    const cached = map.getString(`key-${i}`);
    if (cached !== undefined && cached !== value(i)) wrong++;
  }
  t.equal(wrong, 0, 'nor is anything wrong in memory');
});

t.test('what is fetched belongs to the caller and does not expire', async (t) => {
  const { store } = await loadFile(t, 'a 1\nb 2\n');
  const first = await store.fetch('a');
  t.equal(first.expiry, 0);
  t.ok(first.isCacheable);
  first.value?.fill(0);
  t.equal(Buffer.from((await store.fetch('a')).value ?? []).toString(), '1');
  t.equal(store.linkFor().valueSession, UNLABELLED, 'whatever becomes of the thread that fetched it');
  t.strictSame(await store.fetch('none'), { value: undefined, expiry: 0, isCacheable: false });
});

t.test('keys are bytes, as text or not', async (t) => {
  const { store, fetch } = await loadFile(t, 'ключ значение\n𝒳 2\nn\0 \0\n');
  t.equal(await fetch('ключ'), 'значение');
  t.equal(await fetch('𝒳'), '2');
  t.equal(Buffer.from((await store.fetch(Buffer.from('n\0'))).value ?? []).toString(), '\0');
});

t.test('of several lines of a key the last one counts, however many there are', async (t) => {
  const many = Array.from({ length: 30_000 }, (_, i) => `many ${i}\n`).join('');
  const spread = Array.from({ length: 30 }, (_, i) => `spread ${i}\n${linesOf(1000)}`).join('');
  for (const [content, last] of [
    [`${many}a 1\na 2\nb 1\na 3\n`, { many: '29999', a: '3', b: '1' }],
    [`${spread}a 1\n`, { spread: '29', a: '1', 'key-999': 'value of 999' }],
  ] as const) {
    const { fetch } = await loadFile(t, content);
    for (const [key, value] of Object.entries(last)) t.equal(await fetch(key), value, key);
  }
});

// All in one run; in runs of neighbouring homes that grow together, with few fingerprints.
for (const hashMask of [0, ...new Array<number>(5).fill(0xf8000000 | 0)]) {
  t.test(`keys of the same hash are told apart (mask ${hashMask})`, async (t) => {
    const content = linesOf(50);
    const path = join(t.testdir(), 'data');
    writeFileSync(path, content);
    const index = FileIndex.reserve(content.length, { hashMask });
    index.makeTable(50);
    for (let i = 0; i < 50; i++) {
      const offset = content.indexOf(`key-${i} `);
      index.insert(Buffer.from(content), offset, content.indexOf(' ', offset), offset, () => false);
    }
    const state = ProcessState.create(1);
    state.markLoaded();
    const file = { descriptor: openSync(path, 'r'), size: content.length };
    const logger = pino({ level: 'silent' });
    const store = new FileStore(
      { file, index: index.handle },
      {
        ...{ state, logger, maxValueSize: 1000, session: 1 },
      },
    );
    await store.override('key-7');
    t.equal(await store.override('key-8'), true);
    await store.override('absent');
    for (let i = 0; i < 50; i++) {
      const found = await store.fetch(`key-${i}`);
      const expected = i === 7 || i === 8 ? undefined : `value of ${i}`;
      if (found.value === undefined) t.equal(expected, undefined, `key-${i}`);
      else t.equal(Buffer.from(found.value).toString(), expected);
    }
    t.equal((await store.fetch('absent')).value, undefined);
  });
}

t.test('of many misses at once few are read at a time', async (t) => {
  const { fetch } = await loadFile(t, linesOf(1000));
  mostReadsAtOnce();
  const all = await Promise.all(Array.from({ length: 1000 }, (_, i) => fetch(`key-${i}`)));
  t.equal(mostReadsAtOnce(), 4);
  t.equal(all.filter((value, i) => value === `value of ${i}`).length, 1000);
});

t.test('values of all lengths come as they are', async (t) => {
  const sizes = [0, 1, 4080, 4081, 4082, 4083, 4084, 4085, 4090, 4095, 4096, 4097, 33_000, 300_000, 2 ** 20];
  const value = (size: number): string => 'abcdefghij'.repeat(Math.ceil(size / 10)).slice(0, size);
  for (const end of ['\n', '\r\n']) {
    const content = sizes.map((size) => `key-${size} ${value(size)}${end}`).join('');
    const { fetch, store } = await loadFile(t, content, { maxMemory: 2 * 2 ** 20, maxKeys: 1 });
    for (const size of sizes) t.ok((await fetch(`key-${size}`)) === value(size), `${size} bytes`);
    t.equal(await store.override(`key-${2 ** 20}`), true);
  }
});

t.test('all that may be in a file is read as it was loaded', async (t) => {
  const longKey = 'k'.repeat(512);
  const content = `\ufefffirst 1\r\n\r\nempty \nspaces  a b \r\n\nnothing\n ${'x'}\n${longKey} long\ncr a\rb\nlast no end`;
  const { fetch, log } = await loadFile(t, content);
  t.equal(await fetch('first'), '1');
  t.equal(await fetch('empty'), '');
  t.equal(await fetch('spaces'), ' a b ');
  t.equal(await fetch(longKey), 'long');
  t.equal(await fetch('cr'), 'a\rb');
  t.equal(await fetch('last'), 'no end');
  t.equal(await fetch('nothing'), undefined);
  t.match(
    log.find(({ level }) => level === 40),
    { malformed: { 'no key': 1, 'no value': 1 } },
  );
});

t.test('a key that a user sets or deletes never comes back from the file', async (t) => {
  const { store, fetch } = await loadFile(t, 'set 1\nset 2\nset 3\ndeleted 1\ndeleted 2\nother 1\n');
  await store.override('set');
  t.equal(await fetch('set'), undefined);
  t.ok(store.lacks('set'));
  t.equal(await store.override('deleted'), true);
  t.equal(await fetch('deleted'), undefined);
  t.equal(await fetch('other'), '1');
});

t.test('an earlier line of a key does not show up between two marks', async (t) => {
  const content = 'a 1\na 2\na 3\n';
  const { store, handle } = await loadFile(t, content);
  const index = FileIndex.attach(handle.index);
  const { or } = Atomics;
  t.teardown(() => {
    Atomics.or = or;
  });
  const first: (number | undefined)[] = [];
  Atomics.or = ((...args: Parameters<typeof or>) => {
    const before = or(...args);
    first.push(index.candidates('a')[0]?.offset);
    return before;
  }) as typeof or;
  await store.override('a');
  const last = content.indexOf('a 3');
  t.strictSame(first, [last, last, undefined]);
});

t.test('who overrides a key is told whether the file still had it', async (t) => {
  const { store } = await loadFile(t, 'a 1\nb 1\n');
  t.equal(await store.override('a'), true);
  t.equal(await store.override('a'), false);
  t.equal(await store.override('none'), false);
});

t.test('of deletes at the same time one finds the key', async (t) => {
  const { store } = await loadFile(t, 'a 1\na 2\nb 1\n');
  const deleted = await Promise.all([1, 2, 3, 4, 5, 6].map(() => store.override('a')));
  t.equal(deleted.filter(Boolean).length, 1);
});

t.test('an override is seen by every thread, and by one that dies nothing is lost', async (t) => {
  const count = 3000;
  const duplicated = linesOf(count, () => 'earlier') + linesOf(count);
  const { handle, state, store, fetch, map } = await loadFile(t, duplicated);
  const { maxValueSize } = map.handle.options;
  const run = (part: number): Promise<ThreadReport> =>
    new Promise((resolve, reject) => {
      const task: ThreadTask = { handle, state: state.handle, maxValueSize, count, part };
      const worker = new Worker(new URL('./fixtures/overriding-thread.js', import.meta.url), {
        workerData: task,
      });
      worker.on('message', (report: ThreadReport) => {
        worker.terminate().then(() => resolve(report), reject);
      });
      worker.on('error', reject);
    });
  const reports = await Promise.all([run(0), run(1)]);
  t.strictSame(
    reports.map(({ wrong }) => wrong),
    [[], []],
  );
  t.equal(
    reports.reduce((sum, { overridden }) => sum + overridden, 0),
    (count / 3) * 2,
    'each key was overridden by one of the two',
  );
  let wrong = 0;
  for (let i = 0; i < count; i++) {
    const expected = i % 3 === 2 ? `value of ${i}` : undefined;
    if ((await fetch(`key-${i}`)) !== expected || store.lacks(`key-${i}`) !== (expected === undefined))
      wrong++;
  }
  t.equal(wrong, 0);
});

t.test('during the load', async (t) => {
  t.test('a key is waited for, and absent only after the end', async (t) => {
    const { fetch, load } = openFile(t, 'a 1\nb 2\n');
    const found = Promise.all([fetch('a'), fetch('none')]);
    await load();
    t.strictSame(await found, ['1', undefined]);
  });

  t.test('a key that is in the index is served, but not kept for long', async (t) => {
    const { store, load, state } = openFile(t, 'a 1\nb 2\n');
    Object.defineProperty(state, 'markLoaded', { value: () => {} });
    await load();
    const found = await store.fetch('a');
    t.equal(Buffer.from(found.value ?? []).toString(), '1');
    const life = found.expiry - Date.now();
    t.ok(life <= 100 && life > -60_000, `${life} ms`);
  });

  t.test('a write waits for the end, so that no later line undoes it', async (t) => {
    const { store, load, fetch } = openFile(t, 'a 1\nb 2\na 3\n');
    const writes = Promise.all([store.override('a'), store.override('b')]);
    await load();
    t.strictSame(await writes, [true, true]);
    t.strictSame([await fetch('a'), await fetch('b')], [undefined, undefined]);
  });

  t.test('a wait has a limit, and ends with the process', async (t) => {
    const calls = ({ store }: LoadedFile) => [store.fetch('a'), store.override('a')];
    const limited = openFile(t, 'a 1\n', undefined, 20);
    await Promise.all(calls(limited).map((call) => isUnavailable(t, call, /still being loaded/)));
    const draining = openFile(t, 'a 1\n');
    const waits = calls(draining).map((call) => isUnavailable(t, call, /still being loaded/));
    draining.state.advanceTo('draining');
    await Promise.all(waits);
  });
});

t.test('a file that fits has no index: what is not in memory is absent', async (t) => {
  const { store, fetch, handle, map } = await loadFile(t, 'a 1\n', {});
  t.equal(handle.index.segments[0]?.byteLength, 0);
  t.equal(map.getString('a'), '1');
  t.equal(await fetch('a'), undefined);
  t.equal(await store.override('a'), false);
});

t.test('a file that is damaged while it is served is out of reach, never wrong', async (t) => {
  const content = linesOf(1000);
  const changed = /^the data file was changed or truncated while it is served$/;

  t.test('truncated', async (t) => {
    const { path, fetch, store, log } = await loadFile(t, content);
    const kept = content.indexOf('key-500 ');
    truncateSync(path, kept + 'key-500 value'.length);
    t.equal(await fetch('key-499'), 'value of 499', 'what is left');
    for (const key of ['key-500', 'key-501', 'key-999']) {
      await isUnavailable(t, store.fetch(key), changed);
    }
    await isUnavailable(t, store.override('key-999'), changed);
    await isUnavailable(t, store.override('key-998'), changed);
    t.equal(log.filter(({ level }) => level === 50).length, 1, 'it is said once in a while');
  });

  t.test('overwritten', async (t) => {
    for (const [other, answers] of [
      // The same keys at the same places.
      [content.replaceAll('value', 'VALUE'), 'VALUE of 700'],
      [content.replaceAll('key', 'kex'), undefined],
      [`x${content.slice(0, -2)}\n`, undefined],
      [content.replaceAll(' ', '_'), undefined],
      [content.replaceAll('\nkey', '_key'), undefined],
      ['\n'.repeat(content.length), undefined],
    ] as const) {
      const { path, fetch, store } = await loadFile(t, content);
      writeFileSync(path, other, { flag: 'r+' });
      if (answers !== undefined) t.equal(await fetch('key-700'), answers);
      else await isUnavailable(t, store.fetch('key-700'), changed);
    }
  });

  t.test('a line that has lost its end is not read on into the next one without limit', async (t) => {
    const { path, store } = await loadFile(t, `a 1\n${'b 2\n'.repeat(1000)}`, {
      maxKeys: 1,
      maxValueSize: 100,
    });
    writeFileSync(path, `a 1_${'b 2_'.repeat(1000)}`, { flag: 'r+' });
    await isUnavailable(t, store.fetch('a'), changed);
  });

  t.test('lines that are appended are not served', async (t) => {
    const { path, fetch } = await loadFile(t, 'a 1\nb 2');
    appendFileSync(path, '3\nc 1\n');
    t.equal(await fetch('b'), '2');
    t.equal(await fetch('c'), undefined);
  });

  t.test('a file that another one replaces is served as it was', async (t) => {
    const { path, fetch } = await loadFile(t, content);
    writeFileSync(`${path}.new`, 'key-1 other\n');
    renameSync(`${path}.new`, path);
    t.equal(await fetch('key-1'), 'value of 1');
    t.equal(await fetch('key-999'), 'value of 999');
  });
});
