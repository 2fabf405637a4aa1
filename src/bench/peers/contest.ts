/** hotshard and its peers side by side under one load: who is there is started, filled, and measured in turn. */
import { alternate } from '../alternate.js';
import { LoadClient } from '../load/client.js';
import type { Dialect } from '../load/dialects.js';
import { type LoadRound, measureLoad } from '../load/measured.js';
import type { LoadScale } from '../load/options.js';
import type { Answers, MixOrder } from '../load/orders.js';
import { CONTENDERS, type Contender, type ContenderName, type ContenderNeeds, OWN } from './contenders.js';

/** What the load of a contest is. */
export interface Setting {
  readonly connections: number;
  readonly keys: number;
  /** Bytes. */
  readonly valueSize: number;
  /** Requests that a connection sends at once. */
  readonly depth: number;
  /** Share of the requests that read, 0 to 1: the others write. */
  readonly reads: number;
}

/** Puts the load on a server; the project's own client, or another program. */
export interface LoadProgram {
  run(order: MixOrder): Promise<Answers>;
}

export interface Contest extends LoadScale {
  /** For the progress bar. */
  readonly title: string;
  readonly contenders: readonly ContenderName[];
  readonly setting: Setting;
  /** Without it, the client that fills the servers. */
  readonly load?: LoadProgram;
  /** That all of them are to speak; without it, each what it speaks. */
  readonly protocol?: 'h2c' | undefined;
}

export interface ContestRounds {
  readonly contender: ContenderName;
  readonly rounds: readonly LoadRound[];
}

export interface Skipped {
  readonly contender: ContenderName;
  readonly reason: string;
}

const SEED = 20_261_121;
const WARM_UP_ROUNDS = 1;

/** For filling, whatever the contest has. */
const FILL_CONNECTIONS = 16;

/** Who of them is not there. */
export function skippedOf(names: readonly ContenderName[]): Skipped[] {
  return names.flatMap((contender) => {
    const reason = CONTENDERS[contender].missing();
    return reason === undefined ? [] : { contender, reason };
  });
}

/** Leaves out who is not there. @throws {Error} when one that is there does not come up */
export async function hold({ title, setting, load, protocol, ...scale }: Contest): Promise<ContestRounds[]> {
  const contenders = scale.contenders.filter((name) => CONTENDERS[name].missing() === undefined);
  const warmUpRounds = scale.quick ? 0 : WARM_UP_ROUNDS;
  const client = await LoadClient.start();
  const running = new Map<ContenderName, Contender>();
  try {
    const start = { keys: setting.keys, protocol };
    await startAll(contenders, start, running);
    let seed = SEED;
    const subjects = [...running].map(([name, contender]) => {
      const measure = () => {
        const order = orderOf(name, contender, { setting, seconds: scale.seconds, seed: ++seed });
        return measureOne(name, contender, order, load ?? client);
      };
      return [name, measure] as const;
    });
    for (const [name, contender] of running) {
      const dialect = protocol === 'h2c' ? 'hotshard over h2c' : CONTENDERS[name].dialect;
      await fill(dialect, contender, setting, client);
    }
    const measured = await alternate(new Map(subjects), scale.rounds, warmUpRounds, title);
    return [...measured].map(([contender, rounds]) => ({ contender, rounds }));
  } finally {
    const all = [...running.values()].flatMap(({ server, redis }) => (redis ? [server, redis] : [server]));
    await Promise.all([client, ...all].map((one) => one.stop()));
  }
}

/** All, so that those that came up are stopped when one did not. */
async function startAll(
  names: readonly ContenderName[],
  start: ContenderNeeds,
  running: Map<ContenderName, Contender>,
): Promise<void> {
  const starts = await Promise.allSettled(names.map((name) => CONTENDERS[name].start(start)));
  for (const [i, one] of starts.entries()) {
    if (one.status === 'fulfilled') running.set(names[i], one.value);
  }
  for (const { reason } of starts.filter((one) => one.status === 'rejected')) throw reason;
}

async function fill(
  dialect: Dialect,
  { server: { port } }: Contender,
  { keys, valueSize }: Setting,
  client: LoadClient,
): Promise<void> {
  const workload = { dialect, keys, valueSize, seed: SEED };
  await client.run({ kind: 'each', operation: 'write', port, connections: FILL_CONNECTIONS, workload });
}

function orderOf(
  name: ContenderName,
  { server: { port } }: Contender,
  { setting, seconds, seed }: { readonly setting: Setting; readonly seconds: number; readonly seed: number },
): MixOrder {
  const { connections, keys, valueSize, reads } = setting;
  const { dialect } = CONTENDERS[name];
  const workload = { dialect, keys, valueSize, seed, reads, exponent: 0 };
  return { kind: 'mix', port, connections, seconds, workload };
}

async function measureOne(
  name: ContenderName,
  { server, redis }: Contender,
  order: MixOrder,
  load: Pick<LoadProgram, 'run'>,
): Promise<LoadRound> {
  const round = await measureLoad({ load, server, redis, hasStats: name.startsWith(OWN) }, order);
  // What stands behind the server holds its values.
  const behind = redis === undefined ? 0 : (redis.residentMemory() ?? Number.NaN);
  return { ...round, resident: round.resident + behind };
}
