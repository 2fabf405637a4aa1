/** All charts of all benchmarks. A benchmark is added by a line; plot.ts says what its charts have to be. */
import { PLOTS as CACHE_RATIO } from './cache-ratio/plot.js';
import { PLOTS as CONNECTIONS } from './connections/plot.js';
import { PLOTS as HIT_RATIO } from './hitratio/plot.js';
import { PLOTS as HTTP } from './http/plot.js';
import { PLOTS as MAP } from './map/plot.js';
import { PLOTS as PEERS } from './peers/plot.js';
import type { Plot } from './plot.js';
import { PLOTS as RATE } from './rate/plot.js';
import { PLOTS as REDIS } from './redis/plot.js';
import { PLOTS as RESP } from './resp/plot.js';
import { PLOTS as SCALING } from './scaling/plot.js';
import { PLOTS as SOAK } from './soak/plot.js';

export const ALL_PLOTS: readonly Plot[] = [
  ...CACHE_RATIO,
  ...CONNECTIONS,
  ...HIT_RATIO,
  ...HTTP,
  ...MAP,
  ...PEERS,
  ...RATE,
  ...REDIS,
  ...RESP,
  ...SCALING,
  ...SOAK,
];
