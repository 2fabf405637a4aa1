/**
 * The data commands against a real Redis: the same commands to both, the same replies from both. HOTSHARD_SEED repeats a
 * run, HOTSHARD_EFFORT makes it longer.
 */
import t, { type Test } from 'tap';
import { dataCommands } from '../../src/commands/data-commands.js';
import { Keyspace } from '../../src/commands/keyspace.js';
import { Turnstile } from '../../src/store/turnstile.js';
import { Random, SEED, seeded, times } from '../shards/support.js';
import { startRedis } from '../store/fixtures/redis-server.js';
import { serveResp } from '../wire/resp/lane-under-test.js';
import type { Captured } from './capture.js';
import { Commands, matchedKey, patternOf } from './generated.js';
import { RedisClient } from './redis-client.js';
import { Rig, type Word } from './rig.js';
import { TABLE } from './table.js';

const server = await startRedis(t);
const redis = await RedisClient.connect(server.socketPath);
t.teardown(() => redis.close());

/** Milliseconds between the clocks of the two sides, on a machine that is busy with something else. */
const TOLERANCE = 5000;

/** Commands that are sent before their replies are compared: what fails is told with those before it. */
const BATCH = 100;

/** Values that Redis computes with more digits than doubles have. */
const DIGITS_IN_COMMON = 12;

t.beforeEach(async () => {
  await redis.run('FLUSHALL');
});

t.test('a table of commands: options, limits, errors', async (t) => {
  await compare(t, Rig.create(), TABLE);
});

t.test('the same over the wire', async (t) => {
  const rig = Rig.create();
  const { port } = await serveResp(t, {
    commands: (cache) => dataCommands(new Keyspace({ cache, turn: Turnstile.create(1).turnOf(0), ttl: 0 })),
  });
  const client = await RedisClient.connect(port);
  t.teardown(() => client.close());
  // They are compared with the engine's own, which were compared with those of Redis.
  const replies = await Promise.all(TABLE.map((words) => client.run(...words)));
  for (const [i, words] of TABLE.entries()) {
    const expected = rig.run(...words);
    const reply = replies[i] as Captured;
    if (!isSame(words, reply, expected)) t.same(reply, expected, shown(words));
  }
  t.equal(replies.length, TABLE.length);
});

t.test('random histories', async (t) => {
  const commands = new Commands(new Random(SEED));
  const rig = Rig.create();
  for (let left = times(1000); left > 0; left--) {
    const history = Array.from({ length: BATCH }, () => commands.next());
    if (!(await compare(t, rig, history))) return;
  }
});

t.test('random patterns match the same keys', async (t) => {
  const random = new Random(SEED);
  const rig = Rig.create();
  const keys = Array.from({ length: 200 }, () => ['SET', matchedKey(random), '']);
  await compare(t, rig, keys);
  for (let left = times(100); left > 0; left--) {
    const patterns = Array.from({ length: BATCH }, () => ['KEYS', patternOf(random)]);
    if (!(await compare(t, rig, patterns))) return;
  }
});

/** Runs commands on both sides. Returns whether they answered the same. */
async function compare(t: Test, rig: Rig, history: readonly (readonly Word[])[]): Promise<boolean> {
  const replies = await Promise.all(history.map((words) => redis.run(...words)));
  for (const [i, words] of history.entries()) {
    const ours = rig.run(...words);
    const theirs = replies[i] as Captured;
    if (isSame(words, ours, theirs)) continue;
    const before = history.slice(Math.max(0, i - 30), i).map(shown);
    t.same(ours, theirs, seeded(shown(words)), { before });
    return false;
  }
  t.pass(`${history.length} commands`);
  return true;
}

function isSame(words: readonly Word[], ours: Captured, theirs: Captured): boolean {
  const command = String(words[0]).toLowerCase();
  if (command === 'keys') return shown(sorted(ours)) === shown(sorted(theirs));
  if (command === 'scan' && Array.isArray(ours) && Array.isArray(theirs)) {
    return ours[0] === theirs[0] && shown(sorted(ours[1])) === shown(sorted(theirs[1]));
  }
  if (/ttl$|time$/.test(command) && typeof ours === 'number' && typeof theirs === 'number' && ours > 0) {
    return Math.abs(ours - theirs) <= TOLERANCE;
  }
  if (command === 'incrbyfloat' && isNearly(ours, theirs)) return true;
  return shown(ours) === shown(theirs);
}

/** Whether two values are decimals, without an exponent, that begin with the same digits. */
function isNearly(ours: Captured, theirs: Captured): boolean {
  const both = [ours, theirs];
  if (!both.every((value) => typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value))) return false;
  const [one, other] = both.map((value) => Number(value).toPrecision(DIGITS_IN_COMMON));
  return one === other;
}

function sorted(list: Captured): Captured {
  return Array.isArray(list) ? [...list].sort() : list;
}

function shown(words: readonly Word[] | Captured): string {
  return JSON.stringify(words, (_, value) => {
    if (typeof value === 'bigint') return `${value}n`;
    return value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value;
  });
}
