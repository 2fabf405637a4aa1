/** A thread that measures one trace: it reads or makes it, and answers with all of its results. */
import { parentPort, workerData } from 'node:worker_threads';
import { type GeneratedName, generate } from './generate.js';
import { measure, type Result, type Selection } from './measure.js';
import { readTrace, type Trace } from './trace.js';

export type Source =
  | { readonly kind: 'real'; readonly name: string; readonly path: string }
  | { readonly kind: 'generated'; readonly name: GeneratedName };

export interface ThreadOptions extends Selection {
  readonly source: Source;
  /** Of its requests, from the first on; from 0 to 1. */
  readonly length: number;
}

export interface Measured {
  readonly source: Source;
  readonly requests: number;
  readonly keys: number;
  readonly results: readonly Result[];
}

function run({ source, length, ...selection }: ThreadOptions): Measured {
  const trace =
    source.kind === 'real' ? shortened(readTrace(source.path), length) : generate(source.name, length);
  const { requests, keys } = trace;
  return { source, requests: requests.length, keys, results: measure(trace, selection) };
}

function shortened(trace: Trace, length: number): Trace {
  if (length === 1) return trace;
  const requests = trace.requests.slice(0, Math.round(trace.requests.length * length));
  const keys = requests.reduce((most, id) => Math.max(most, id), 0) + 1;
  return { ...trace, requests, keys, ...(trace.sizes && { sizes: trace.sizes.slice(0, keys) }) };
}

// Does nothing when imported for its types in the main thread.
parentPort?.postMessage(run(workerData as ThreadOptions));
