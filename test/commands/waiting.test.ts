/** `GET` of a key that the map alone can't tell of. */
import t from 'tap';
import { SharedCache } from '../../shards/index.js';
import { Arguments } from '../../src/commands/arguments.js';
import { LocalCache } from '../../src/store/local.js';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { Capture, type Captured } from './capture.js';
import { Rig } from './rig.js';

// Waiting in shared memory does not keep a process alive.
const alive = setInterval(() => {}, 1000);
t.teardown(() => clearInterval(alive));

t.test('GET waits for the cache, with a key of its own', async (t) => {
  const map = SharedCache.create({ maxMemory: 1 << 20 });
  const state = ProcessState.create(1);
  const rig = new Rig(map, { cache: new LocalCache(map, state) });
  const args = Arguments.of(['GET', 'late']);
  const waiting = [
    rig.execute(args, new Capture()),
    rig.execute(Arguments.of(['GET', 'never']), new Capture()),
  ];
  // What reads the next command overwrites the bytes of this one.
  args.bytes.fill(0);
  map.set('late', 'v');
  state.markLoaded();
  const replies: Captured[] = [];
  for (const outcome of waiting) {
    const reply = new Capture();
    (await outcome)?.(reply);
    replies.push(reply.whole);
  }
  t.same(replies, ['v', null]);
});
