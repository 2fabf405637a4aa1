/** The policies that hotshard is compared with, by name. */
import { Clock } from './clock.js';
import { Fifo } from './fifo.js';
import { Lru } from './lru.js';
import { Optimum } from './optimum.js';
import type { PolicyConstructor } from './policy.js';
import { S3Fifo } from './s3-fifo.js';
import { Sieve } from './sieve.js';
import { WTinyLfu } from './w-tiny-lfu.js';

export const POLICIES = {
  FIFO: Fifo,
  LRU: Lru,
  CLOCK: Clock,
  SIEVE: Sieve,
  'S3-FIFO': S3Fifo,
  'W-TinyLFU': WTinyLfu,
  optimum: Optimum,
} as const satisfies Readonly<Record<string, PolicyConstructor>>;

export type PolicyName = keyof typeof POLICIES;
