/**
 * The data commands with a Redis behind the map, against another Redis that is asked directly: the same commands to both,
 * the same replies from both, and the same data in both. HOTSHARD_SEED repeats a run, HOTSHARD_EFFORT makes it longer.
 */
import t, { type Test } from 'tap';
import { Random, SEED, seeded, times } from '../../shards/support.js';
import { startRedis } from '../../store/fixtures/redis-server.js';
import type { Captured } from '../capture.js';
import { Commands } from '../generated.js';
import { RedisClient } from '../redis-client.js';
import type { Word } from '../rig.js';
import { isSame, shown } from '../same-reply.js';
import { TABLE } from '../table.js';
import { openWorker, type ThroughClient } from './rig.js';

type History = readonly (readonly Word[])[];

/** Commands that speak of the map, which does not have all that Redis has. */
const OF_THE_MAP = /^(keys|scan|dbsize|randomkey|flushdb|flushall)$/i;

const PREFIX = 'app:';
/** Not the first one: that is what clients take it for. */
const DATABASE = 3;
/** Commands that are compared at a time, and of one transaction. */
const BATCH = 100;
const QUEUE = 8;

const behind = await startRedis(t);
const reference = await startRedis(t);
const redis = await RedisClient.connect(reference.socketPath);
t.teardown(() => redis.close());
const behindDirect = await RedisClient.connect(behind.socketPath);
t.teardown(() => behindDirect.close());
await behindDirect.run('SELECT', String(DATABASE));
const FLAGS = { redis: `${behind.url}/${DATABASE}`, 'redis-prefix': PREFIX };

t.beforeEach(async () => {
  await Promise.all([redis.run('FLUSHALL'), behindDirect.run('FLUSHALL')]);
});

t.test('a table of commands: options, limits, errors', async (t) => {
  const client = (await openWorker(t, FLAGS)).connect();
  await compare(t, client, TABLE.filter(isOverKeys));
  await haveTheSame(t);
});

t.test('random histories, alone and in transactions', async (t) => {
  const commands = new Commands(new Random(SEED));
  const client = (await openWorker(t, FLAGS)).connect();
  for (let left = times(60); left > 0; left--) {
    const history = Array.from({ length: BATCH }, () => commands.next()).filter(isOverKeys);
    const isQueued = left % 3 === 0;
    if (!(await (isQueued ? compareQueued : compare)(t, client, history))) return;
  }
  await haveTheSame(t);
});

function isOverKeys([name]: readonly Word[]): boolean {
  return !OF_THE_MAP.test(String(name));
}

/** Runs commands on both sides. Returns whether they answered the same. */
async function compare(t: Test, client: ThroughClient, history: History): Promise<boolean> {
  const replies = await Promise.all(history.map((words) => redis.run(...words)));
  for (const [i, words] of history.entries()) {
    const ours = await client.run(...words);
    const theirs = replies[i] as Captured;
    if (isSame(words, ours, theirs)) continue;
    const before = history.slice(Math.max(0, i - 30), i).map(shown);
    // Not `same`, to which 1 and '1' are.
    t.strictSame(ours, theirs, seeded(shown(words)), { before });
    return false;
  }
  t.pass(`${history.length} commands`);
  return true;
}

/** The same, with some commands at a time between MULTI and EXEC. */
async function compareQueued(t: Test, client: ThroughClient, history: History): Promise<boolean> {
  for (let at = 0; at < history.length; at += QUEUE) {
    const queue = history.slice(at, at + QUEUE);
    const all: History = [['MULTI'], ...queue, ['EXEC']];
    const theirs = (await Promise.all(all.map((words) => redis.run(...words)))).at(-1) as Captured;
    let ours: Captured = null;
    for (const words of all) ours = await client.run(...words);
    if (areSame(queue, ours, theirs)) continue;
    t.strictSame(ours, theirs, seeded(shown(queue.map(shown))));
    return false;
  }
  t.pass(`${history.length} commands in transactions`);
  return true;
}

function areSame(queue: History, ours: Captured, theirs: Captured): boolean {
  if (!Array.isArray(ours) || !Array.isArray(theirs)) return ours === theirs;
  return (
    ours.length === theirs.length &&
    queue.every((words, i) => isSame(words, ours[i] ?? null, theirs[i] ?? null))
  );
}

/** Whether what both have in the end is the same, under the prefix behind hotshard. */
async function haveTheSame(t: Test): Promise<void> {
  const keys = ((await redis.run('KEYS', '*')) as string[]).sort();
  const names = ((await behindDirect.run('KEYS', '*')) as string[]).sort();
  t.ok(keys.length > 0);
  t.same(
    names,
    keys.map((key) => PREFIX + key),
  );
  for (const key of keys) {
    const bytes = Buffer.from(key, 'latin1');
    const name = Buffer.from(PREFIX + key, 'latin1');
    for (const command of ['GET', 'PEXPIRETIME']) {
      const [ours, theirs] = await Promise.all([behindDirect.run(command, name), redis.run(command, bytes)]);
      t.ok(isSame([command], ours, theirs), `${command} ${shown(key)}: ${shown(ours)} ${shown(theirs)}`);
    }
  }
}
