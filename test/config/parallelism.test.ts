/** How many threads are worth starting under a container's CPU limit. Control groups are played by a folder. */
import os from 'node:os';
import { test } from 'tap';
import { effectiveParallelism } from '../../src/config/parallelism.js';
import { machine } from './machine.js';

test('without a limit it is what the machine offers', async (t) => {
  t.equal(effectiveParallelism(8, machine(t, {})), 8, 'no control groups');
  t.equal(
    effectiveParallelism(8, machine(t, { membership: '0::/\n', 'unified/cpu.max': 'max 100000\n' })),
    8,
    'version 2: max',
  );
  t.equal(
    effectiveParallelism(
      8,
      machine(t, {
        membership: '1:cpu:/\n',
        'cpu/cpu.cfs_quota_us': '-1\n',
        'cpu/cpu.cfs_period_us': '100000\n',
      }),
    ),
    8,
    'version 1: -1',
  );
});

test('a limit of version 2 lowers it, rounded up and at least 1', async (t) => {
  const limits: readonly [cpuMax: string, threads: number][] = [
    ['200000 100000', 2],
    ['150000 100000', 2],
    ['50000 100000', 1],
    ['1000 100000', 1],
    ['1600000 100000', 8],
    ['100000 50000', 2],
  ];
  for (const [cpuMax, threads] of limits) {
    const files = machine(t, { membership: '0::/\n', 'unified/cpu.max': `${cpuMax}\n` });
    t.equal(effectiveParallelism(8, files), threads, cpuMax);
  }
});

test('the limit of version 2 is looked for in the own group and in every group around it', async (t) => {
  const own = machine(t, { membership: '0::/pods/one\n', 'unified/pods/one/cpu.max': '300000 100000\n' });
  t.equal(effectiveParallelism(8, own), 3, 'own group');

  const around = machine(t, {
    membership: '0::/pods/one\n',
    'unified/pods/one/cpu.max': '400000 100000\n',
    'unified/pods/cpu.max': '200000 100000\n',
  });
  t.equal(effectiveParallelism(8, around), 2, 'the lowest counts');

  const hidden = machine(t, {
    membership: '0::/../../docker/abc\n',
    'unified/cpu.max': '200000 100000\n',
  });
  t.equal(effectiveParallelism(8, hidden), 2, 'the path of the host, of which only the mount point is seen');
});

test('a limit of version 1 lowers it, whichever name the controller is mounted by', async (t) => {
  for (const mount of ['cpu', 'cpu,cpuacct']) {
    const files = machine(t, {
      membership: '5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/docker/abc\n',
      [`${mount}/docker/abc/cpu.cfs_quota_us`]: '250000\n',
      [`${mount}/docker/abc/cpu.cfs_period_us`]: '100000\n',
    });
    t.equal(effectiveParallelism(8, files), 3, mount);
  }
});

test('a limit that cannot be read limits nothing', async (t) => {
  for (const cpuMax of ['', 'max', '100000', '0 100000', 'a b', '100000 0']) {
    const files = machine(t, { membership: '0::/\n', 'unified/cpu.max': cpuMax });
    t.equal(effectiveParallelism(8, files), 8, JSON.stringify(cpuMax));
  }
});

test('on this machine it is a thread at least, and no more than the machine has', async (t) => {
  const threads = effectiveParallelism();
  t.ok(Number.isInteger(threads) && threads >= 1 && threads <= os.availableParallelism(), `${threads}`);
});
