/**
 * What is compared over the rate of requests: two ways to run hotshard. A pair is added by a line; it is a section of
 * `npm run bench:rate`, and has a CSV file and a chart.
 */
import type { Dialect } from '../load/dialects.js';
import type { Start } from '../load/pinned.js';

export interface Variant {
  readonly name: string;
  /** Of the server. */
  readonly flags: readonly string[];
  readonly dialect: Dialect;
}

export interface Pair {
  readonly name: string;
  readonly title: string;
  readonly workers: number;
  readonly core: Start['core'];
  /** The first is the one that hotshard has without being told. */
  readonly variants: readonly [Variant, Variant];
}

export const PAIRS: readonly Pair[] = [
  {
    name: 'guard',
    title: 'Lock-free reads and a lock per shard, by rate',
    // Of one worker alone a lock would never be taken. On one core, two would hardly ever meet at a lock.
    workers: 2,
    core: 'any',
    variants: [
      { name: 'lock-free', flags: ['--guard', 'lock-free'], dialect: 'hotshard' },
      { name: 'lock', flags: ['--guard', 'lock'], dialect: 'hotshard' },
    ],
  },
  {
    name: 'http2',
    title: 'HTTP/1.1 and HTTP/2, by rate',
    workers: 1,
    core: 'server',
    variants: [
      { name: 'HTTP/1.1', flags: [], dialect: 'hotshard' },
      { name: 'h2c', flags: [], dialect: 'hotshard over h2c' },
    ],
  },
  {
    name: 'fast-lane',
    title: 'The fast lane and Hapi alone, by rate',
    workers: 1,
    core: 'server',
    variants: [
      { name: 'fast lane', flags: ['--fast-lane', 'on'], dialect: 'hotshard' },
      { name: 'Hapi alone', flags: ['--fast-lane', 'off'], dialect: 'hotshard' },
    ],
  },
];

export const PAIR_NAMES = PAIRS.map(({ name }) => name);
