/** The JSON file of a benchmark of servers under load: all figures, and what they were measured with. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { indented } from '../files.js';
import type { Machine } from '../machine.js';
import type { LoadScale } from './options.js';
import { isPinned } from './pinned.js';

const require = createRequire(import.meta.url);

export function loadJson(
  benchmark: string,
  machine: Machine,
  { rounds, seconds, quick }: LoadScale,
  sections: object,
): string {
  const parameters = { rounds, seconds, quick, isPinned };
  return `${indented({ benchmark, machine, software: software(), parameters, sections })}\n`;
}

/** By version. */
function software(): { readonly redis: string; readonly ioredis: string } {
  const { version } = require('ioredis/package.json') as { readonly version: string };
  return { redis: /\bv=(\S+)/.exec(redisVersion())?.[1] ?? 'none', ioredis: version };
}

/** Not all benchmarks need Redis. */
function redisVersion(): string {
  try {
    return execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
