/** What a worker that has nothing to say of itself says. */
import type { RuntimeFigures } from '../../src/telemetry/runtime.js';

export const NO_FIGURES: RuntimeFigures = {
  ...{ mean: 0, max: 0, stddev: 0, p50: 0, p90: 0, p99: 0 },
  ...{ heapUsed: 0, heapTotal: 0, external: 0 },
};
