/** The loads that flame graphs are made of: a line here is a flame graph more. */
import type { Dialect } from '../load/dialects.js';
import type { Order, Target } from '../load/orders.js';
import { VALUE_LENGTH } from '../load/requests.js';
import { countText } from '../text-table.js';

export interface Scenario {
  /** As readers of the picture see it. */
  readonly title: string;
  /** Of hotshard's, beside its port and its threads. */
  readonly flags: readonly string[];
  /** Where the load goes: the field of the log that tells. */
  readonly address: 'address' | 'respAddress';
  /** What the cache is to hold before the load begins. */
  readonly fill: (port: number) => Order;
  readonly load: (port: number, seconds: number) => Order;
}

const CONNECTIONS = 64;
const KEYS = 10_000;
const SEED = 1;

const EXTENT = `${CONNECTIONS} connections, ${countText(KEYS)} keys, values of ${VALUE_LENGTH} bytes`;

const DEPTH = 16;

/**
 * @param reads share of the requests that read, 0 to 1
 * @param flags of hotshard's
 */
function http(title: string, reads: number, flags: readonly string[] = []): Scenario {
  return { title: `${title}, ${EXTENT}`, flags, address: 'address', ...loadOf('hotshard', reads, 1) };
}

function pipelinedResp(title: string, reads: number): Scenario {
  return {
    title: `${title}, ${DEPTH} requests at once, ${EXTENT}`,
    flags: ['--resp-port', '0'],
    address: 'respAddress',
    ...loadOf('redis, pipelined', reads, DEPTH),
  };
}

/** @param depth requests that a connection has under way */
function loadOf(dialect: Dialect, reads: number, depth: number): Pick<Scenario, 'fill' | 'load'> {
  const workload = { dialect, keys: KEYS, seed: SEED };
  const target = (port: number): Target => ({ port, connections: CONNECTIONS });
  return {
    fill: (port) => ({ ...target(port), kind: 'each', operation: 'write', workload }),
    load: (port, seconds) => ({
      ...target(port),
      ...{ kind: 'mix', seconds, depth },
      workload: { ...workload, reads, exponent: 0 },
    }),
  };
}

export const SCENARIOS = {
  'http-reads': http('HTTP, reads alone', 1),
  'http-80-20': http('HTTP, 80 % reads and 20 % writes', 0.8),
  'hapi-80-20': http('HTTP by Hapi alone, 80 % reads and 20 % writes', 0.8, ['--fast-lane', 'off']),
  'resp-pipelined': pipelinedResp('Redis protocol, 80 % GET and 20 % SET', 0.8),
} as const satisfies Readonly<Record<string, Scenario>>;

export type ScenarioName = keyof typeof SCENARIOS;

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as ScenarioName[];
