import t, { test } from 'tap';
import { Bell } from '../../src/store/bell.js';

// Who waits for shared memory does not keep the process alive; in a server its sockets do.
const alive = setInterval(() => {}, 1_000);
t.teardown(() => clearInterval(alive));

test('who waits for a key hears its bell, rung by any thread', async (t) => {
  const bell = Bell.create();
  const other = Bell.attach(bell.handle);
  const heard = bell.heard('ключ', bell.rings('ключ'));
  other.ring(Buffer.from('ключ'));
  await heard;
  t.equal(bell.rings('ключ'), 1, 'text and bytes are the same key');
});

test('a ring between the look and the wait is not missed', async (t) => {
  const bell = Bell.create();
  const rings = bell.rings('k');
  bell.ring('k');
  let isHeard = false;
  const heard = bell.heard('k', rings).then(() => {
    isHeard = true;
  });
  await new Promise(setImmediate);
  t.ok(isHeard, 'it did not wait');
  await heard;
});

test('nobody waits for ever for a thread that has died', async (t) => {
  const bell = Bell.create();
  await bell.heard('k', bell.rings('k'));
  t.equal(bell.rings('k'), 0);
});
