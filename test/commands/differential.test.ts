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
import { isSame, shown } from './same-reply.js';
import { TABLE } from './table.js';

const server = await startRedis(t);
const redis = await RedisClient.connect(server.socketPath);
t.teardown(() => redis.close());

/** Commands that are sent before their replies are compared: what fails is told with those before it. */
const BATCH = 100;

t.test('a table of commands: options, limits, errors', async (t) => {
  await redis.run('FLUSHALL');
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
    if (!isSame(words, reply, expected)) t.strictSame(reply, expected, shown(words));
  }
  t.equal(replies.length, TABLE.length);
});

t.test('random histories', async (t) => {
  await redis.run('FLUSHALL');
  const commands = new Commands(new Random(SEED));
  const rig = Rig.create();
  for (let left = times(1000); left > 0; left--) {
    const history = Array.from({ length: BATCH }, () => commands.next());
    if (!(await compare(t, rig, history))) return;
  }
});

t.test('random patterns match the same keys', async (t) => {
  await redis.run('FLUSHALL');
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
    // Not `same`, to which 1 and '1' are.
    t.strictSame(ours, theirs, seeded(shown(words)), { before });
    return false;
  }
  t.pass(`${history.length} commands`);
  return true;
}
