/**
 * The data commands against a real Redis: the same commands to both, the same replies from both. HOTSHARD_SEED repeats a
 * run, HOTSHARD_EFFORT makes it longer.
 */
import t, { type Test } from 'tap';
import { Random, SEED, seeded, times } from '../shards/support.js';
import { startRedis } from '../store/fixtures/redis-server.js';
import type { Captured } from './capture.js';
import { Commands } from './generated.js';
import { RedisClient } from './redis-client.js';
import { Rig, type Word } from './rig.js';
import { isSame, shown } from './same-reply.js';

const server = await startRedis(t);
const redis = await RedisClient.connect(server.socketPath);
t.teardown(() => redis.close());

/** Commands that are sent before their replies are compared: what fails is told with those before it. */
const BATCH = 100;

t.beforeEach(async () => {
  await redis.run('FLUSHALL');
});

t.test('a table of commands: options, limits, errors', async (t) => {
  const { TABLE } = await import('./table.js');
  await compare(t, Rig.create(), TABLE);
});

t.test('random histories', async (t) => {
  const commands = new Commands(new Random(SEED));
  const rig = Rig.create();
  for (let left = times(2000); left > 0; left--) {
    const history = Array.from({ length: BATCH }, () => commands.next());
    if (!(await compare(t, rig, history))) return;
  }
  t.pass();
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
