/** Makes two fresh sockets to Redis into a pair: one sends commands, the other hears of what the first has read. */
import type { Redis } from 'ioredis';
import { codeOf, isReplyError } from './errors.js';
import { SCRIPTS } from './scripts.js';

/** Where `CLIENT TRACKING` publishes when it is redirected. */
const INVALIDATIONS = '__redis__:invalidate';

/** What this Redis, and this user of it, can do. */
export interface Abilities {
  /** Why nobody tells of changes; undefined when they are told. */
  readonly untrackedBecause: string | undefined;
  /** Whether scripts may be run. */
  readonly canScript: boolean;
}

/**
 * @param database number of the database
 * @throws what keeps the sockets from being of use: the system error, or Redis's own
 */
export async function shakeHands(
  commands: Redis,
  invalidations: Redis,
  database: number,
): Promise<Abilities> {
  await Promise.all([prepare(commands, database), connected(invalidations)]);
  const untrackedBecause = await reasonAgainst(() => track(commands, invalidations));
  const cannotScript = await reasonAgainst(async () => {
    for (const { lua } of SCRIPTS) await commands.script('LOAD', lua);
  });
  return { untrackedBecause, canScript: cannotScript === undefined };
}

/** Connects a socket that commands are to be sent by. Rejects as {@link shakeHands} does. */
export async function prepare(commands: Redis, database: number): Promise<void> {
  await connected(commands);
  // Not by ioredis's own option, which takes an error for a detail and goes on in database 0.
  if (database !== 0) await commands.select(database);
  await probe(commands);
}

/** The reason of a failed authentication comes as an event only, and the connection goes on without it. */
async function connected(socket: Redis): Promise<void> {
  let refusal: Error | undefined;
  const onError = (error: Error): void => {
    refusal ??= error;
  };
  socket.on('error', onError);
  try {
    await socket.connect();
  } catch (error) {
    throw refusal ?? error;
  } finally {
    socket.off('error', onError);
  }
  if (refusal !== undefined) throw refusal;
}

/**
 * The redirection is to a client by its number, which Redis never gives to another one. Subscribed first, so that nothing
 * is told before somebody listens.
 *
 * Without `NOLOOP`: it would keep back the echoes of own writes, but also the news of every key that Redis evicts, or
 * drops from its table of tracked keys, on the occasion of a command by this connection.
 */
async function track(commands: Redis, invalidations: Redis): Promise<void> {
  const id = await invalidations.client('ID');
  await invalidations.subscribe(INVALIDATIONS);
  await commands.client('TRACKING', 'ON', 'REDIRECT', String(id));
}

/** Says whether the password is right and the data is loaded, which HELLO, AUTH and CLIENT do not. */
async function probe(commands: Redis): Promise<void> {
  try {
    await commands.ping();
  } catch (error) {
    // It can't save its data, and therefore takes no writes; reads it answers.
    if (!isReplyError(error) || codeOf(error) !== 'MISCONF') throw error;
  }
}

/** Why Redis refuses; undefined when it does not. */
async function reasonAgainst(request: () => Promise<void>): Promise<string | undefined> {
  try {
    await request();
    return undefined;
  } catch (error) {
    if (isReplyError(error) && REFUSALS.has(codeOf(error))) return error.message;
    throw error;
  }
}

/** Unknown to this version, or forbidden to this user. */
const REFUSALS: ReadonlySet<string> = new Set(['ERR', 'NOPERM']);
