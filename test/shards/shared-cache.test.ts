/**
 * The library's contract, member by member: what goes in and comes out, which arguments are refused and how, and
 * that what a caller holds is his own.
 */
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import t from 'tap';
import { type CacheHandle, type CacheOptions, type Entry, SharedCache } from '../../shards/index.js';
import { bytes, FakeClock, textOf, thrownBy } from './support.js';

const KIB = 1024;
const MIB = 1024 * KIB;

const small = (options: Partial<CacheOptions> = {}): SharedCache =>
  SharedCache.create({ maxMemory: 256 * KIB, ...options });

/** What JavaScript callers pass that TypeScript would not let through. */
const wrong = <T>(value: unknown): T => value as T;

t.test('create', async (t) => {
  t.test('needs no more than maxMemory', async (t) => {
    const cache = SharedCache.create({ maxMemory: 64 * KIB });
    t.equal(cache.size, 0);
    t.equal(cache.stats().bytesMax, 64 * KIB);
  });

  t.test('refuses wrong options by name, saying what is allowed', async (t) => {
    const cases: readonly [options: unknown, message: RegExp][] = [
      [undefined, /^TypeError: options must be an object with maxMemory, not undefined/],
      [null, /^TypeError: options must be an object with maxMemory, not null/],
      [65_536, /^TypeError: options must be an object with maxMemory, not number 65536/],
      [{}, /^TypeError: maxMemory must be a number, not undefined/],
      [{ maxMemory: '1mb' }, /^TypeError: maxMemory must be a number, not a string/],
      [{ maxMemory: 65_536n }, /^TypeError: maxMemory must be a number, not a bigint/],
      [{ maxMemory: Number.NaN }, /^RangeError: maxMemory must be a whole number from 65536 to \d+, not NaN/],
      [{ maxMemory: 65_535 }, /^RangeError: maxMemory must be a whole number from 65536 to \d+, not 65535/],
      [{ maxMemory: 65_536.5 }, /^RangeError: maxMemory must be a whole number/],
      [{ maxMemory: -1 }, /^RangeError: maxMemory must be a whole number/],
      [{ maxMemory: Infinity }, /^RangeError: maxMemory must be a whole number/],
      [{ maxMemory: 2 ** 41 }, /^RangeError: maxMemory must be a whole number from 65536 to 1099511627776/],
      [{ maxMemory: MIB, maxKeys: '5' }, /^TypeError: maxKeys must be a number, not a string/],
      [
        { maxMemory: MIB, maxKeys: -1 },
        /^RangeError: maxKeys must be a whole number from 0 to 2147483647, not -1/,
      ],
      [{ maxMemory: MIB, maxKeys: 2 ** 31 }, /^RangeError: maxKeys must be/],
      [{ maxMemory: MIB, maxKeys: 1.5 }, /^RangeError: maxKeys must be/],
      [
        { maxMemory: MIB, maxValueSize: {} },
        /^TypeError: maxValueSize must be a number, not an object of class Object/,
      ],
      [
        { maxMemory: MIB, maxValueSize: MIB + 1 },
        /^RangeError: maxValueSize must be a whole number from 0 to 1048576/,
      ],
      [{ maxMemory: MIB, shards: 0 }, /^RangeError: shards must be a whole number from 1 to 16, not 0/],
      [{ maxMemory: MIB, shards: 17 }, /^RangeError: shards must be a whole number from 1 to 16, not 17/],
      [{ maxMemory: MIB, shards: true }, /^TypeError: shards must be a number, not boolean true/],
      [{ maxMemory: MIB, ttl: '1h' }, /^TypeError: ttl must be a number of milliseconds, not a string/],
      [{ maxMemory: MIB, ttl: -1 }, /^RangeError: ttl must be 0 \(none\) to \d+ milliseconds, not -1/],
      [
        { maxMemory: MIB, ttl: Number.NaN },
        /^RangeError: ttl must be 0 \(none\) to \d+ milliseconds, not NaN/,
      ],
      [{ maxMemory: MIB, guard: true }, /^TypeError: guard must be 'lock-free' or 'lock', not boolean true/],
      [
        { maxMemory: MIB, guard: ['lock'] },
        /^TypeError: guard must be 'lock-free' or 'lock', not an object of class Array/,
      ],
      [{ maxMemory: MIB, guard: 'locks' }, /^RangeError: guard must be 'lock-free' or 'lock', not 'locks'/],
      [{ maxMemory: MIB, guard: '' }, /^RangeError: guard must be 'lock-free' or 'lock', not ''/],
    ];
    for (const [options, message] of cases) {
      t.match(
        thrownBy(() => SharedCache.create(wrong<CacheOptions>(options))),
        message,
      );
    }
  });
});

t.test('guard', async (t) => {
  t.test('is lock-free unless said otherwise, and part of the handle', async (t) => {
    t.equal(small().handle.options.guard, 'lock-free');
    t.equal(small({ guard: 'lock' }).handle.options.guard, 'lock');
  });

  t.test('with locks there are more shards: 16, or one per MiB, or as many as said', async (t) => {
    const shardsOf = (options: CacheOptions): number => SharedCache.create(options).handle.shards.length;
    t.equal(shardsOf({ maxMemory: 64 * KIB, guard: 'lock' }), 1);
    t.equal(shardsOf({ maxMemory: 5 * MIB, guard: 'lock' }), 5);
    t.equal(shardsOf({ maxMemory: 40 * MIB, guard: 'lock' }), 16);
    t.equal(shardsOf({ maxMemory: 40 * MIB }), 1);
    t.equal(shardsOf({ maxMemory: 40 * MIB, shards: 3, guard: 'lock' }), 3);
  });
});

t.test('handle and attach', async (t) => {
  t.test('a thread gets the same cache for the same handle, cloned or not', async (t) => {
    const cache = small();
    t.equal(SharedCache.attach(cache.handle), cache);
    cache.set('k', 'v');
    t.equal(SharedCache.attach(cache.handle).getString('k'), 'v');
  });

  t.test('two caches share nothing', async (t) => {
    const [one, other] = [small(), small()];
    one.set('k', 'v');
    t.equal(other.get('k'), undefined);
  });

  t.test('the handle is structured-cloneable', async (t) => {
    const { port1, port2 } = new MessageChannel();
    const cache = small();
    cache.set('k', 'v');
    port1.postMessage(cache.handle);
    const arrived = receiveMessageOnPort(port2)?.message as CacheHandle;
    port1.close();
    t.equal(SharedCache.attach(arrived), cache, 'known by its id');
    const other = SharedCache.attach({ ...arrived, id: 'as in another thread' });
    t.equal(other.getString('k'), 'v', 'the same memory');
  });

  t.test('refuses what is no handle, or one of another layout', async (t) => {
    for (const handle of [undefined, null, 5, 'hotshard', {}, { format: 'other' }, []]) {
      t.match(
        thrownBy(() => SharedCache.attach(wrong<CacheHandle>(handle))),
        /^TypeError: handle must be the handle of a SharedCache, not /,
      );
    }
    const { handle } = small();
    t.match(
      thrownBy(() => SharedCache.attach({ ...handle, id: 'other', layoutVersion: handle.layoutVersion + 1 })),
      /^TypeError: handle must be of layout version \d+, not \d+/,
    );
    t.match(
      thrownBy(() => SharedCache.attach({ ...JSON.parse(JSON.stringify(handle)), id: 'by JSON' })),
      /^TypeError: handle must be handed on by workerData or postMessage/,
    );
  });
});

t.test('set and get', async (t) => {
  t.test('text, bytes, and the same key as either', async (t) => {
    const cache = small();
    t.equal(cache.set('k', 'välue'), true);
    t.strictSame(cache.get('k'), Uint8Array.from(Buffer.from('välue')));
    t.equal(cache.getString('k'), 'välue');
    t.equal(cache.getString(Buffer.from('k')), 'välue');
    t.equal(cache.set(bytes(0xff, 0, 0xfe), bytes(1, 2, 3)), true);
    t.strictSame(cache.get(bytes(0xff, 0, 0xfe)), bytes(1, 2, 3));
    t.equal(cache.get('absent'), undefined);
    t.equal(cache.getString('absent'), undefined);
  });

  t.test('what comes back is a plain Uint8Array with a buffer of its own', async (t) => {
    const cache = small();
    for (const length of [0, 1, 64, 65, 10_000]) {
      cache.set('k', Buffer.alloc(length, 7));
      const value = cache.get('k');
      t.equal(value?.constructor, Uint8Array);
      t.equal(value?.buffer.constructor, ArrayBuffer);
      t.equal(value?.buffer.byteLength, length);
    }
  });

  t.test('bytes at odd offsets of larger buffers, as key and as value', async (t) => {
    const cache = small();
    const large = Uint8Array.from({ length: 4096 }, (_, i) => (i * 7) & 0xff);
    for (const [from, to] of [
      [1, 2],
      [3, 8],
      [5, 70],
      [7, 520],
      [9, 4000],
    ] as const) {
      const value = large.subarray(from, to);
      const key = large.subarray(from, Math.min(to, from + 511));
      t.equal(cache.set(key, value), true);
      t.strictSame(cache.get(key.slice()), value.slice(), `${from} to ${to}`);
      t.strictSame(cache.get(Buffer.from(key)), value.slice(), 'a Buffer is the same key');
    }
  });

  t.test('bytes in shared memory', async (t) => {
    const cache = small();
    const shared = new Uint8Array(new SharedArrayBuffer(8)).fill(65);
    t.equal(cache.set(shared, shared), true);
    t.equal(cache.getString('AAAAAAAA'), 'AAAAAAAA');
  });

  t.test('keys of 1 to 512 bytes', async (t) => {
    const cache = small({ maxMemory: 4 * MIB });
    const keys = Array.from({ length: 512 }, (_, i) => 'x'.repeat(i + 1));
    for (const key of keys) t.equal(cache.set(key, String(key.length)), true);
    t.strictSame(
      keys.map((key) => cache.getString(key)),
      keys.map((key) => String(key.length)),
    );
    t.equal(cache.size, 512, 'keys of one character differ by their length alone');
    t.strictSame(
      keys.map((key) => cache.getString(Buffer.from(key))),
      keys.map((key) => String(key.length)),
    );
  });

  t.test('text keys are their UTF-8', async (t) => {
    const cache = small();
    const texts = [
      '\0',
      'a\0',
      '\0a',
      'a\0b',
      'é',
      'e\u0301',
      '日本語',
      '😀',
      '\u{10ffff}',
      'a😀',
      'ß'.repeat(256),
      '\x7f',
      '\x80',
    ];
    for (const text of texts) t.equal(cache.set(text, text), true);
    t.equal(cache.size, texts.length, 'all are different keys');
    for (const text of texts) {
      t.equal(cache.getString(text), text, JSON.stringify(text));
      t.equal(cache.getString(Buffer.from(text)), text, `${JSON.stringify(text)} as bytes`);
    }
  });

  t.test('lone surrogates become U+FFFD, as UTF-8 has none', async (t) => {
    const cache = small();
    for (const [text, same] of [
      ['\ud800', '\ufffd'],
      ['a\udc00b', 'a\ufffdb'],
      ['\udc00\ud800', '\ufffd\ufffd'],
      ['😀\ud83d', '😀\ufffd'],
    ] as const) {
      cache.set(text, text);
      t.equal(cache.getString(same), same);
      t.equal(cache.has(text), true);
      t.equal(cache.delete(same), true);
    }
  });

  t.test('a key is measured in bytes of UTF-8', async (t) => {
    const cache = small();
    for (const fits of ['x'.repeat(512), 'é'.repeat(256), '😀'.repeat(128), '日'.repeat(170)]) {
      t.equal(cache.set(fits, 'v'), true);
    }
    const tooLong = [
      'x'.repeat(513),
      `${'é'.repeat(256)}a`,
      `${'😀'.repeat(128)}a`,
      '日'.repeat(171),
      'x'.repeat(100_000),
      'é'.repeat(257),
      `${'x'.repeat(511)}é`,
      Buffer.alloc(513),
    ];
    for (const key of tooLong) {
      t.match(
        thrownBy(() => cache.set(key, 'v')),
        /^RangeError: key must be 1 to 512 bytes long/,
      );
    }
  });

  t.test('values of every length up to beyond a cache line, and empty ones', async (t) => {
    const cache = small({ maxMemory: MIB });
    for (let length = 0; length <= 130; length++) {
      const value = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 0xff);
      t.equal(cache.set(`k${length}`, value), true);
      t.strictSame(cache.get(`k${length}`), value, `${length} bytes`);
    }
    t.equal(cache.getString('k0'), '');
    t.equal(cache.has('k0'), true, 'an empty value is a value');
  });

  t.test('values up to maxValueSize, in one piece and in fragments; false beyond', async (t) => {
    const limit = 300_000;
    const cache = SharedCache.create({ maxMemory: 2 * MIB, maxValueSize: limit });
    for (const length of [100, 2_000, 4_083, 4_084, 4_085, 4_096, 50_000, limit - 1, limit]) {
      const value = Uint8Array.from({ length }, (_, i) => (i * 131 + (i >> 8)) & 0xff);
      t.equal(cache.set('k', value), true, `${length} bytes are stored`);
      t.equal(Buffer.compare(cache.get('k') ?? bytes(), value), 0, `${length} bytes come back`);
    }
    t.equal(cache.set('k', new Uint8Array(limit + 1)), false);
    t.equal(cache.set('new', 'x'.repeat(limit + 1)), false);
    t.equal(cache.get('k')?.length, limit, 'the old value stays');
    t.equal(cache.has('new'), false);
    t.strictSame(cache.integrityErrors(), []);
  });

  t.test('maxValueSize 0 allows empty values alone', async (t) => {
    const cache = small({ maxValueSize: 0 });
    t.equal(cache.set('k', ''), true);
    t.equal(cache.set('k', 'a'), false);
    t.equal(cache.getString('k'), '');
  });

  t.test('the length of a text value is that of its UTF-8', async (t) => {
    const cache = small({ maxValueSize: 4 });
    t.equal(cache.set('k', '😀'), true);
    t.equal(cache.set('k', '😀a'), false);
    t.equal(cache.getString('k'), '😀');
  });

  t.test('false, not an eviction of everything, for a value larger than the memory', async (t) => {
    const cache = SharedCache.create({ maxMemory: 64 * KIB, maxValueSize: 64 * KIB });
    for (let i = 0; i < 10; i++) cache.set(`k${i}`, 'v');
    t.equal(cache.set('large', new Uint8Array(64 * KIB)), false);
    t.equal(cache.size, 10);
    t.equal(cache.stats().evictions, 0);
  });

  t.test('a private copy on the way in and on the way out', async (t) => {
    const cache = small();
    for (const length of [3, 64, 65, 9_000]) {
      const input = new Uint8Array(length).fill(1);
      const key = bytes(107, 101, 121);
      cache.set(key, input);
      input.fill(2);
      key.fill(0);
      const first = cache.get('key');
      t.ok(
        first?.every((byte) => byte === 1),
        'changing what was set changes nothing',
      );
      first?.fill(3);
      t.ok(
        cache.get('key')?.every((byte) => byte === 1),
        'changing what came back changes nothing',
      );
      const [many] = cache.getMany(['key']);
      many?.fill(4);
      t.ok(
        cache.get('key')?.every((byte) => byte === 1),
        'nor does what getMany gave',
      );
      const held = cache.get('key');
      cache.set('key', new Uint8Array(length).fill(9));
      t.ok(
        held?.every((byte) => byte === 1),
        'what came back stays when the key is overwritten',
      );
    }
  });
});

t.test('every wrong key and value is refused by every member, by name, and nothing is lost', async (t) => {
  const cache = small();
  cache.set('k', 'v');
  const members: readonly [name: string, call: (key: string) => unknown][] = [
    ['set', (key) => cache.set(key, 'v')],
    ['get', (key) => cache.get(key)],
    ['getString', (key) => cache.getString(key)],
    ['getInto', (key) => cache.getInto(key, new Uint8Array(1))],
    ['getMany', (key) => cache.getMany([key])],
    ['setMany', (key) => cache.setMany([[key, 'v']])],
    ['has', (key) => cache.has(key)],
    ['delete', (key) => cache.delete(key)],
    ['ttl', (key) => cache.ttl(key)],
    ['expire', (key) => cache.expire(key, 1)],
    ['update', (key) => cache.update(key, () => 'v')],
  ];
  for (const [name, call] of members) {
    for (const key of [
      undefined,
      null,
      5,
      true,
      5n,
      Symbol('s'),
      {},
      [],
      () => 'k',
      new ArrayBuffer(4),
      new Uint16Array(2),
      new DataView(new ArrayBuffer(4)),
    ]) {
      t.match(
        thrownBy(() => call(wrong<string>(key))),
        /^TypeError: key must be a string or a Uint8Array, not /,
        name,
      );
    }
    for (const key of ['', 'x'.repeat(513), new Uint8Array(0), new Uint8Array(513)]) {
      t.match(
        thrownBy(() => call(wrong<string>(key))),
        /^RangeError: key must be 1 to 512 bytes long, /,
        name,
      );
    }
  }
  const writers: readonly [name: string, call: (value: string) => unknown][] = [
    ['set', (value) => cache.set('k', value)],
    ['setMany', (value) => cache.setMany([['k', value]])],
  ];
  for (const [name, call] of writers) {
    for (const value of [
      undefined,
      null,
      5,
      false,
      5n,
      {},
      [1, 2],
      new ArrayBuffer(4),
      new Uint16Array(2),
      new Date(0),
    ]) {
      t.match(
        thrownBy(() => call(wrong<string>(value))),
        /^TypeError: value must be a string or a Uint8Array, not /,
        name,
      );
    }
  }
  for (const value of [null, 5, {}, [1]]) {
    t.match(
      thrownBy(() => cache.update('k', () => wrong<string>(value))),
      /^TypeError: value must be/,
      'update',
    );
  }
  for (const ttl of ['5', null, {}, 5n, true]) {
    t.match(
      thrownBy(() => cache.set('k', 'w', { ttl: wrong<number>(ttl) })),
      /^TypeError: ttl must be a number/,
    );
    t.match(
      thrownBy(() => cache.expire('k', wrong<number>(ttl))),
      /^TypeError: ttl must be a number/,
    );
  }
  for (const ttl of [-1, -0.5, Number.NaN, -Infinity, 1e16]) {
    t.match(
      thrownBy(() => cache.set('k', 'w', { ttl })),
      /^RangeError: ttl must be 0 \(none\) to \d+ milliseconds, not /,
    );
    t.match(
      thrownBy(() => cache.expire('k', ttl)),
      /^RangeError: ttl must be 0 \(none\) to \d+ milliseconds, not /,
    );
  }
  t.match(
    thrownBy(() => cache.expire('k', wrong<number>(undefined))),
    /^TypeError: ttl must be a number/,
  );
  for (const options of [1000, 'ttl', true, 5n]) {
    t.match(
      thrownBy(() => cache.set('k', 'w', wrong<{ ttl: number }>(options))),
      /^TypeError: options must be an object, not /,
      'a ttl passed by itself is no option',
    );
  }
  for (const change of [undefined, null, 'v', 5, {}]) {
    t.match(
      thrownBy(() => cache.update('k', wrong<() => string>(change))),
      /^TypeError: change must be a function, not /,
    );
  }
  for (const keys of [undefined, null, 5, {}, 'text']) {
    t.match(
      thrownBy(() => cache.getMany(wrong<string[]>(keys))),
      /^TypeError: keys must be an iterable of keys, not /,
      `getMany(${String(keys)})`,
    );
  }
  for (const entries of [undefined, null, 5, {}, 'text']) {
    t.match(
      thrownBy(() => cache.setMany(wrong<Entry[]>(entries))),
      /^TypeError: entries must be an iterable of \[key, value, options\?\], not /,
      `setMany(${String(entries)})`,
    );
  }
  for (const entry of [undefined, null, 5, {}, 'kv']) {
    t.match(
      thrownBy(() => cache.setMany([wrong<Entry>(entry)])),
      /^TypeError: entries must be an iterable of \[key, value, options\?\], not of /,
      `setMany([${String(entry)}])`,
    );
  }
  t.equal(cache.getString('k'), 'v');
  t.equal(cache.ttl('k'), Infinity);
  t.strictSame([...cache.keys()], ['k']);
  t.strictSame(cache.integrityErrors(), []);
});

t.test('getMany and setMany', async (t) => {
  const cache = small({ maxValueSize: 100 });
  t.strictSame(cache.getMany([]), []);
  t.strictSame(cache.setMany([]), []);
  const stored = cache.setMany([
    ['a', '1'],
    ['big', 'x'.repeat(101)],
    [bytes(98), bytes(50), { ttl: 60_000 }],
    ['a', '3'],
  ]);
  t.strictSame(stored, [true, false, true, true], 'for each whether it was stored');
  t.strictSame(
    cache.getMany(['b', 'none', bytes(97), 'b']).map(textOf),
    ['2', undefined, '3', '2'],
    'in their order',
  );
  t.equal(cache.ttl('a'), Infinity);
  t.ok((cache.ttl('b') ?? Infinity) <= 60_000);
  function* some(): Generator<string> {
    yield 'a';
    yield 'b';
  }
  t.strictSame(cache.getMany(some()).map(textOf), ['3', '2'], 'any iterable');
  t.strictSame(
    cache.setMany(
      new Map([
        ['m', '1'],
        ['n', '2'],
      ]),
    ),
    [true, true],
    'a Map is one',
  );
  t.equal(cache.getString('n'), '2');
});

t.test('has, delete and clear', async (t) => {
  const cache = small();
  cache.set('a', '1');
  t.equal(cache.has('a'), true);
  t.equal(cache.has('b'), false);
  t.equal(cache.delete('b'), false);
  t.equal(cache.delete('a'), true);
  t.equal(cache.delete('a'), false);
  t.equal(cache.has('a'), false);
  t.equal(cache.size, 0);
  for (let i = 0; i < 500; i++) cache.set(`k${i}`, 'v'.repeat(i));
  t.equal(cache.clear(), undefined);
  t.equal(cache.size, 0);
  t.strictSame([...cache.keys()], []);
  t.equal(cache.get('k7'), undefined);
  t.equal(cache.stats().bytesUsed, 0);
  t.equal(cache.stats().deletes, 1, 'clearing deletes nothing one by one');
  t.equal(cache.stats().evictions, 0, 'and evicts nothing');
  cache.set('a', '2');
  t.equal(cache.getString('a'), '2', 'it can be used again');
  t.strictSame(cache.integrityErrors(), []);
});

t.test('ttl and expire', async (t) => {
  const clock = new FakeClock();
  t.teardown(() => clock.restore());
  const cache = small();
  t.equal(cache.ttl('k'), undefined);
  t.equal(cache.expire('k', 5), false);
  cache.set('k', 'v', { ttl: 1000 });
  t.equal(cache.ttl('k'), 1000);
  clock.now += 400;
  t.equal(cache.ttl('k'), 600);
  t.equal(cache.expire('k', 5000), true);
  t.equal(cache.ttl('k'), 5000);
  t.equal(cache.getString('k'), 'v');
  for (const never of [0, Infinity]) {
    t.equal(cache.expire('k', 100), true);
    t.equal(cache.expire('k', never), true);
    t.equal(cache.ttl('k'), Infinity);
  }
  cache.set('gone', 'v', { ttl: 1 });
  clock.now += 1;
  t.equal(cache.expire('gone', 1000), false, 'what has expired is absent');
  t.equal(cache.ttl('gone'), undefined);
});

t.test('update', async (t) => {
  t.test('creates, changes and deletes, and returns the value after', async (t) => {
    const cache = small();
    const seen: (string | undefined)[] = [];
    const to = (next: string | undefined) => (current: Uint8Array | undefined) => {
      seen.push(textOf(current));
      return next;
    };
    t.equal(textOf(cache.update('k', to('1'))), '1');
    t.equal(textOf(cache.update('k', to('22'))), '22');
    t.equal(cache.getString('k'), '22');
    t.equal(cache.update('k', to(undefined)), undefined);
    t.equal(cache.has('k'), false);
    t.equal(cache.update('k', to(undefined)), undefined, 'deleting what is not there is nothing');
    t.strictSame(seen, [undefined, '1', '22', undefined], 'it is called once with the value before');
    const { sets, deletes } = cache.stats();
    t.strictSame({ sets, deletes }, { sets: 2, deletes: 1 });
  });

  t.test('is given a copy, and gives one back', async (t) => {
    const cache = small();
    cache.set('k', 'abc');
    cache.update('k', (current) => {
      current?.fill(0);
      return undefined;
    });
    cache.set('k', 'abc');
    t.throws(() =>
      cache.update('k', (current) => {
        current?.fill(0);
        throw new Error('mine');
      }),
    );
    t.equal(cache.getString('k'), 'abc');
    for (const mine of [
      bytes(1, 2, 3),
      Buffer.from([1, 2, 3]),
      new Uint8Array(new SharedArrayBuffer(3)).fill(1),
    ]) {
      const after = cache.update('k', () => mine);
      const before = Uint8Array.from(after ?? []);
      mine.fill(9);
      t.strictSame(
        after,
        before,
        `what it returned does not change with the ${mine.constructor.name} it was given`,
      );
      t.equal(after?.constructor, Uint8Array);
      t.equal(after?.buffer.constructor, ArrayBuffer);
      t.notSame(cache.get('k'), mine.slice());
    }
  });

  t.test('is called again when somebody wrote the very value that it makes of its copy', async (t) => {
    const cache = small();
    cache.set('k', bytes(5));
    let calls = 0;
    const after = cache.update('k', (current) => {
      if (++calls === 1) cache.set('k', bytes(6));
      if (current !== undefined) current[0]++;
      return current;
    });
    t.strictSame(after, bytes(7), 'both have counted');
    t.equal(calls, 2);
  });

  t.test('what the callback throws comes out, and the old value stays', async (t) => {
    const cache = small();
    cache.set('k', 'old', { ttl: 60_000 });
    const error = new Error('mine');
    const fail = (): never => {
      throw error;
    };
    t.throws(() => cache.update('k', fail), error);
    t.throws(() => cache.update('new', fail), error);
    t.equal(cache.getString('k'), 'old');
    t.equal(cache.has('new'), false);
    t.strictSame(cache.integrityErrors(), []);
  });

  t.test('the callback may use the cache', async (t) => {
    const cache = small();
    cache.set('other', 'o');
    cache.set('k', '1');
    const after = cache.update('k', (current) => {
      cache.set('another', 'a');
      cache.delete('other');
      cache.update('nested', () => 'n');
      for (let i = 0; i < 500; i++) cache.set(`fill${i}`, 'x'.repeat(100));
      return `${textOf(current)}2`;
    });
    t.equal(textOf(after), '12');
    t.equal(cache.getString('k'), '12');
    t.equal(cache.has('other'), false);
    t.strictSame(cache.integrityErrors(), []);
  });

  t.test('is called again when its own callback, or anybody, wrote meanwhile', async (t) => {
    const cache = small();
    const seen: (string | undefined)[] = [];
    const interferences = [() => cache.set('k', 'a'), () => cache.delete('k'), () => cache.set('k', 'a')];
    const after = cache.update('k', (current) => {
      seen.push(textOf(current));
      interferences.shift()?.();
      return `${textOf(current)}!`;
    });
    t.strictSame(seen, [undefined, 'a', undefined, 'a']);
    t.equal(textOf(after), 'a!');
    seen.length = 0;
    cache.update('k', (current) => {
      if (seen.push(textOf(current)) === 1) cache.set('k', 'b');
      return undefined;
    });
    t.strictSame(seen, ['a!', 'b']);
    t.equal(cache.has('k'), false);
  });

  t.test('a result that can never fit throws, and the old value stays', async (t) => {
    const cache = small({ maxValueSize: 10 });
    cache.set('k', 'old');
    t.match(
      thrownBy(() => cache.update('k', () => 'x'.repeat(11))),
      /^RangeError: value must be at most 10 bytes, not 11/,
    );
    t.equal(cache.getString('k'), 'old');
    t.equal(textOf(cache.update('k', () => 'x'.repeat(10))), 'x'.repeat(10));
  });

  t.test('works on values in fragments', async (t) => {
    const cache = SharedCache.create({ maxMemory: MIB });
    for (let length = 1; length < 200_000; length *= 3) {
      cache.update('k', (current) => new Uint8Array((current?.length ?? 0) + length).fill(7));
    }
    t.ok(cache.get('k')?.every((byte) => byte === 7));
    t.strictSame(cache.integrityErrors(), []);
  });

  t.test('keeps the time to live; a new key gets the default one', async (t) => {
    const clock = new FakeClock();
    t.teardown(() => clock.restore());
    const cache = small({ ttl: 500 });
    cache.set('k', 'v', { ttl: 100 });
    clock.now += 40;
    cache.update('k', () => 'w');
    t.equal(cache.ttl('k'), 60);
    cache.update('new', () => 'w');
    t.equal(cache.ttl('new'), 500);
  });
});

t.test('size and keys()', async (t) => {
  for (const shards of [1, 3]) {
    const cache = SharedCache.create({ maxMemory: MIB, shards });
    const expected: string[] = [];
    for (let i = 0; i < 3_000; i++) {
      cache.set(`key-${i}`, '');
      expected.push(`key-${i}`);
    }
    t.equal(cache.size, 3_000);
    t.strictSame([...cache.keys()].sort(), [...expected].sort(), 'every key once');
    const iterator = cache.keys();
    t.equal(iterator[Symbol.iterator](), iterator);
    t.equal(iterator.next().done, false);
    cache.clear();
    t.strictSame(
      [...iterator].length < 10,
      true,
      'keys deleted meanwhile do not come, but for a bucket in hand',
    );
    t.strictSame([...cache.keys()], []);
  }
});

t.test('stats() adds up', async (t) => {
  const clock = new FakeClock();
  t.teardown(() => clock.restore());
  for (const shards of [1, 4]) {
    const cache = SharedCache.create({ maxMemory: MIB, shards, maxKeys: 100 });
    for (let i = 0; i < 120; i++) cache.set(`k${i}`, 'x'.repeat(i));
    cache.set('large', new Uint8Array(50_000));
    const there = Array.from({ length: 120 }, (_, i) => cache.get(`k${i}`)).filter(
      (v) => v !== undefined,
    ).length;
    t.equal(there, 99, 'one hundred with the large one');
    cache.getMany(['large', 'none']);
    cache.has('large');
    cache.has('none');
    t.equal(cache.set('too large', new Uint8Array(MIB)), false);
    cache.set('large', '', { ttl: 10 });
    clock.now += 10;
    cache.get('large');
    t.equal(cache.delete('large'), false);
    const deleted = Array.from({ length: 120 }, (_, i) => cache.delete(`k${i}`)).filter(Boolean).length;
    const stats = cache.stats();
    t.match(stats, {
      hits: 99 + 1,
      misses: 21 + 1 + 1,
      sets: 122,
      deletes: deleted,
      evictions: 21,
      expirations: 1,
      keys: 0,
      bytesUsed: 0,
      bytesMax: MIB,
    });
    t.equal(deleted, 99);
    t.equal(stats.shards.length, shards);
    for (const name of ['keys', 'bytesUsed', 'evictions', 'expirations'] as const) {
      t.equal(
        stats.shards.reduce((sum, shard) => sum + shard[name], 0),
        stats[name],
        `${name} of the shards`,
      );
    }
    t.ok(stats.shards.reduce((sum, { bytesMax }) => sum + bytesMax, 0) <= MIB);
    t.strictSame(cache.integrityErrors(), []);
  }
});

t.test('bytesUsed is that of headers, keys and values, in whole words', async (t) => {
  const cache = small();
  cache.set('abc', 'hello');
  t.equal(cache.stats().bytesUsed, 8 + 4 + 8);
  cache.set('abc', 'hello', { ttl: 1000 });
  t.equal(cache.stats().bytesUsed, 8 + 8 + 4 + 8, 'an overwritten value no longer counts');
  cache.delete('abc');
  t.equal(cache.stats().bytesUsed, 0);
  cache.set('abc', new Uint8Array(30_000));
  t.ok(cache.stats().bytesUsed > 30_000);
  t.ok(cache.stats().bytesUsed < 33_000);
  cache.set('abc', '');
  t.equal(cache.stats().bytesUsed, 12, 'fragments are counted off');
});

/** Stores a line of a data file. */
function load(cache: SharedCache, key: string, value: string): boolean {
  const line = Buffer.from(`${key} ${value}`);
  return cache.setBaseline(line, 0, key.length, key.length + 1, line.length);
}

t.test('a baseline value replaces a baseline value, and never what was set', async (t) => {
  const cache = small();
  t.equal(load(cache, 'k', '1'), true);
  t.equal(load(cache, 'k', '2'), true);
  t.equal(cache.getString('k'), '2');
  cache.set('k', 'mine');
  t.equal(load(cache, 'k', '3'), true);
  t.equal(cache.getString('k'), 'mine');
  load(cache, 'u', '1');
  cache.update('u', () => 'mine');
  load(cache, 'u', '2');
  t.equal(cache.getString('u'), 'mine');
  cache.delete('k');
  load(cache, 'k', '4');
  t.equal(cache.getString('k'), '4', 'a deleted key can be loaded again');
  t.equal(cache.size, 2);
  t.strictSame(cache.integrityErrors(), []);
});
