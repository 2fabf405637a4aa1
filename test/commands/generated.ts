/** Random commands over a few keys, with right and wrong options: what real clients and what confused ones send. */
import type { Random } from '../shards/support.js';
import type { Word } from './rig.js';

/** What patterns and the keys that they may match are made of: few bytes, so that they often do. */
const PATTERN_BYTES = Buffer.from('**??[[]]^-\\\\abbcc\x7f\x80\xff', 'latin1');
const MATCHED_BYTES = Buffer.from('aabbccd-^]\\\x7f\x80\xff', 'latin1');

/** A pattern for `KEYS`. */
export function patternOf(random: Random): Buffer {
  return bytesOf(random, PATTERN_BYTES, random.below(9));
}

/** A key of 1 to 6 bytes. */
export function matchedKey(random: Random): Buffer {
  return bytesOf(random, MATCHED_BYTES, 1 + random.below(6));
}

function bytesOf(random: Random, choice: Uint8Array, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => choice[random.below(choice.length)] ?? 0));
}

/** Seconds since the epoch that no test lives to see. */
const FAR = 4_000_000_000;

/** How many durations there are, and which step from one to the next goes through all of them. */
const DURATIONS = 100_003;
const DURATION_STEP = 7919;

const KEYS = ['a', 'b', 'c', 'd', 'counter', 'key:1', 'key:2'];
const INTEGERS = [
  ...['0', '1', '-1', '7', '10', '-10', '99', '100', '-3', '123456789012345', '-999999999999999'],
  ...['999999999999999', '1000000000000000', '9007199254740993', '9223372036854775807'],
  ...['-9223372036854775808', '9223372036854775806', '-9223372036854775807', '4611686018427387904'],
];
const NO_INTEGERS = [
  ...['', ' 1', '1 ', '+1', '01', '-0', '-', '--1', '1.0', '1e3', 'x', '0x10', '9223372036854775808'],
  ...[
    '-9223372036854775809',
    '99999999999999999999',
    '18446744073709551615',
    '1\0',
    '12345678901234567890123',
  ],
];
const FLOATS = ['0.5', '-1.5', '3.0e3', '5.0E-1', '.25', '1.', '+2.5', '0x10', '-0', '100', '1e2', '-0x.8'];
const NO_FLOATS = ['', 'nan', 'inf', '-inf', 'Infinity', 'x', '1.2.3', ' 1', '1 ', '0x', 'e5', '.', '1e'];
const TEXTS = ['hello', '', 'Hello, World!', 'value', 'a b', '\r\n', 'x'.repeat(100), '*?[', '\0\0'];
const PATTERNS = ['*', 'k*', '?', '[a-c]', 'key:[^1]', '*1', 'c*r', '**', 'nothing', '\\a', '[b', '*:*', ''];

export class Commands {
  readonly #random: Random;
  readonly #next: Word[][] = [];
  #durations = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): Word[] {
    return this.#next.pop() ?? this.#one(this.#templates)();
  }

  readonly #templates: readonly (() => Word[])[] = [
    () => ['GET', this.#key()],
    () => ['SET', this.#key(), this.#value()],
    () => ['SET', this.#key(), this.#value(), ...this.#setOptions()],
    () => ['SET', this.#key(), this.#value(), ...this.#setOptions()],
    () => ['GETEX', this.#key(), ...this.#getExOptions()],
    () => ['GETDEL', this.#key()],
    () => ['GETSET', this.#key(), this.#value()],
    () => ['SETNX', this.#key(), this.#value()],
    () => ['SETEX', this.#key(), this.#duration(), this.#value()],
    () => ['PSETEX', this.#key(), this.#duration(), this.#value()],
    () => ['MGET', ...this.#many(() => [this.#key()])],
    () => ['MSET', ...this.#many(() => [this.#key(), this.#value()]), ...this.#seldom('odd')],
    () => ['MSETNX', ...this.#many(() => [this.#key(), this.#value()]), ...this.#seldom('odd')],
    () => [this.#one(['DEL', 'UNLINK', 'EXISTS', 'TOUCH']), ...this.#many(() => [this.#key()])],
    () => [this.#one(['TYPE', 'STRLEN', 'PERSIST']), this.#key()],
    () => ['APPEND', this.#key(), this.#value()],
    () => ['GETRANGE', this.#key(), this.#index(), this.#index()],
    () => ['SETRANGE', this.#key(), this.#index(), this.#value()],
    () => [this.#one(['INCR', 'DECR']), this.#key()],
    () => [this.#one(['INCRBY', 'DECRBY']), this.#key(), this.#integer()],
    () => [this.#one(['INCRBY', 'DECRBY']), 'counter', this.#integer()],
    () => this.#incrementByFloat(),
    () => ['EXPIRE', this.#key(), this.#duration(), ...this.#conditions()],
    () => ['PEXPIRE', this.#key(), this.#duration(), ...this.#conditions()],
    () => ['EXPIREAT', this.#key(), this.#seconds(), ...this.#conditions()],
    () => ['PEXPIREAT', this.#key(), this.#milliseconds(), ...this.#conditions()],
    () => [this.#one(['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME']), this.#key()],
    () => [this.#one(['RENAME', 'RENAMENX']), this.#key(), this.#key()],
    () => ['COPY', this.#key(), this.#key(), ...this.#copyOptions()],
    () => ['KEYS', this.#one(PATTERNS)],
    () => ['SCAN', '0', 'COUNT', '100000', ...this.#scanOptions()],
    () => this.#size(),
    () => [
      this.#one(['FLUSHDB', 'FLUSHALL']),
      ...this.#some([['async'], ['SYNC'], ['now'], ['sync', 'sync']]),
    ],
    () => [this.#one(['GET', 'SET', 'SETEX', 'TTL', 'COPY', 'MGET', 'KEYS', 'SCAN', 'RENAME', 'INCR'])],
    () => [
      this.#one(['GET', 'INCR', 'TYPE', 'GETDEL', 'RANDOMKEY', 'DBSIZE', 'GETSET', 'DECRBY']),
      'a',
      'b',
      'c',
      'd',
    ],
  ];

  /** The two sides may come to other digits: the value is replaced at once. */
  #incrementByFloat(): Word[] {
    const key = this.#key();
    this.#next.push(['SET', key, this.#value(), 'KEEPTTL']);
    return ['INCRBYFLOAT', key, this.#float()];
  }

  /** Redis counts keys that were set with a time in the past until somebody asks for them. */
  #size(): Word[] {
    this.#next.push(['DBSIZE']);
    return ['EXISTS', ...KEYS];
  }

  #one<T>(choice: readonly T[]): T {
    return choice[this.#random.below(choice.length)] as T;
  }

  #key(): string {
    return this.#one(KEYS);
  }

  #many(words: () => Word[]): Word[] {
    return Array.from({ length: 1 + this.#random.below(3) }, words).flat();
  }

  #seldom(word: string): string[] {
    return this.#random.chance(8) ? [word] : [];
  }

  #some(choice: readonly (readonly string[])[]): readonly string[] {
    return this.#random.chance(2) ? this.#one(choice) : [];
  }

  #value(): Word {
    switch (this.#random.below(6)) {
      case 0:
      case 1:
        return this.#integer();
      case 2:
        return this.#float();
      case 3:
        return Buffer.from(Array.from({ length: this.#random.size(40) }, () => this.#random.below(256)));
      default:
        return this.#one(TEXTS);
    }
  }

  #integer(): string {
    return this.#random.chance(6) ? this.#one(NO_INTEGERS) : this.#one(INTEGERS);
  }

  #float(): string {
    if (this.#random.chance(6)) return this.#one(NO_FLOATS);
    return this.#random.chance(2) ? this.#one(FLOATS) : String(this.#random.below(2000) / 4 - 250);
  }

  #index(): string {
    return this.#random.chance(12) ? this.#one(NO_INTEGERS) : String(this.#random.below(60) - 20);
  }

  /** From now on; in seconds and in milliseconds it is far off, or a time that no command takes. */
  #duration(): string {
    if (this.#random.chance(5)) return this.#one(['0', '-1', '-5', ...NO_INTEGERS, '9223372036854775807']);
    // None comes twice: which of two equal ones is later hangs on the clocks of both sides.
    this.#durations = (this.#durations + DURATION_STEP) % DURATIONS;
    return String(10_000_000 + 10_000 * this.#durations);
  }

  #seconds(): string {
    if (this.#random.chance(5))
      return this.#one(['0', '-1', '1', '1000', ...NO_INTEGERS, '9223372036854775807']);
    return String(FAR + this.#random.below(5));
  }

  #milliseconds(): string {
    if (this.#random.chance(5)) return this.#one(['0', '-1', '1', '1000', ...NO_INTEGERS]);
    return String(FAR * 1000 + this.#random.below(5));
  }

  #time(): string[] {
    switch (this.#random.below(5)) {
      case 0:
        return [this.#one(['EX', 'px']), this.#duration()];
      case 1:
        return ['exat', this.#seconds()];
      case 2:
        return ['PXAT', this.#milliseconds()];
      case 3:
        return [this.#one(['EX', 'PX', 'EXAT', 'PXAT'])];
      default:
        return [];
    }
  }

  #setOptions(): string[] {
    return this.#shuffled([
      ...this.#time(),
      ...(this.#random.chance(12) ? this.#time() : []),
      ...this.#some([['NX'], ['xx'], ['nx', 'XX'], ['Nx', 'nx']]),
      ...(this.#random.chance(3) ? ['GET'] : []),
      ...(this.#random.chance(4) ? ['keepttl'] : []),
      ...(this.#random.chance(20) ? [this.#one(['persist', 'foo', '', 'n'])] : []),
    ]);
  }

  #getExOptions(): string[] {
    return this.#shuffled([
      ...this.#time(),
      ...(this.#random.chance(4) ? ['PERSIST'] : []),
      ...(this.#random.chance(16) ? [this.#one(['keepttl', 'NX', 'get'])] : []),
    ]);
  }

  #conditions(): string[] {
    if (this.#random.chance(3)) return [];
    return this.#many(() => [this.#one(['nx', 'XX', 'GT', 'lt', 'Gt', 'XX'])]).concat(
      this.#seldom('foo'),
    ) as string[];
  }

  #copyOptions(): string[] {
    return [
      ...this.#some([['REPLACE'], ['replace', 'REPLACE']]),
      ...(this.#random.chance(4)
        ? ['DB', this.#one(['0', 'x', '-1', '99', '4294967296', '-2147483649'])]
        : []),
      ...(this.#random.chance(12) ? [this.#one(['DB', 'foo'])] : []),
    ];
  }

  #scanOptions(): string[] {
    return [
      ...(this.#random.chance(2) ? ['match', this.#one(PATTERNS)] : []),
      ...(this.#random.chance(3) ? ['TYPE', this.#one(['string', 'STRING', 'list', 'zset'])] : []),
      ...(this.#random.chance(8) ? ['COUNT', this.#one(['0', '-1', 'x', '200000'])] : []),
      ...(this.#random.chance(10) ? [this.#one(['MATCH', 'foo', 'TYPE'])] : []),
    ];
  }

  /** Words in another order: an option may come before its time. */
  #shuffled(words: string[]): string[] {
    if (!this.#random.chance(6)) return words;
    for (let i = words.length - 1; i > 0; i--) {
      const j = this.#random.below(i + 1);
      [words[i], words[j]] = [words[j] as string, words[i] as string];
    }
    return words;
  }
}
