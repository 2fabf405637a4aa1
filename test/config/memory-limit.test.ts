/** How much memory a container allows. Control groups are played by a folder. */
import { type Test, test } from 'tap';
import { memoryLimit } from '../../src/config/memory-limit.js';
import { machine } from './machine.js';

const MIB = 1024 * 1024;

function limitOf(t: Test, files: Readonly<Record<string, string>>): number {
  return memoryLimit(machine(t, files, ['memory']));
}

test('what control groups allow', async (t) => {
  t.equal(limitOf(t, {}), Number.POSITIVE_INFINITY, 'there are none');
  const unified = { membership: '0::/pod/box\n' };
  t.equal(limitOf(t, { ...unified, 'unified/pod/box/memory.max': 'max\n' }), Number.POSITIVE_INFINITY);
  t.equal(limitOf(t, { ...unified, 'unified/pod/box/memory.max': `${64 * MIB}\n` }), 64 * MIB);
  t.equal(
    limitOf(t, {
      ...unified,
      'unified/pod/memory.max': `${32 * MIB}\n`,
      'unified/pod/box/memory.max': `${64 * MIB}\n`,
    }),
    32 * MIB,
    'the lowest of all groups it is in',
  );
  const legacy = { membership: '9:memory:/box\n4:cpu:/other\n' };
  t.equal(limitOf(t, { ...legacy, 'memory/box/memory.limit_in_bytes': `${16 * MIB}\n` }), 16 * MIB);
  t.equal(
    limitOf(t, { ...legacy, 'memory/box/memory.limit_in_bytes': '9223372036854771712\n' }),
    Number.POSITIVE_INFINITY,
    'so version 1 writes that there is no limit',
  );
  t.equal(
    limitOf(t, { ...legacy, 'memory/other/memory.limit_in_bytes': `${16 * MIB}\n` }),
    Number.POSITIVE_INFINITY,
    'a group of another controller',
  );
});
