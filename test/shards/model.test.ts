/**
 * Random histories of one cache against a plain Map with times to live, for caches of many sizes.
 *
 * HOTSHARD_SEED repeats a run, HOTSHARD_EFFORT multiplies the histories.
 */
import t from 'tap';
import { type CacheOptions, SharedCache } from '../../shards/index.js';
import { checkModel, get, Model, System, set } from './model.js';
import { bytes, FakeClock, GUARDS, guarded } from './support.js';

const KIB = 1024;
const MIB = 1024 * KIB;

const CASES: readonly { options: CacheOptions; maxSize: number; runs: number }[] = [
  { options: { maxMemory: 64 * KIB }, maxSize: 200, runs: 60 },
  { options: { maxMemory: 64 * KIB }, maxSize: 8_000, runs: 60 },
  { options: { maxMemory: 64 * KIB, maxKeys: 1 }, maxSize: 2_000, runs: 60 },
  { options: { maxMemory: 64 * KIB, maxKeys: 3 }, maxSize: 8_000, runs: 60 },
  { options: { maxMemory: 64 * KIB, maxKeys: 50 }, maxSize: 300, runs: 60 },
  { options: { maxMemory: 192 * KIB, shards: 3 }, maxSize: 5_000, runs: 40 },
  { options: { maxMemory: 256 * KIB, shards: 2, maxKeys: 50 }, maxSize: 20_000, runs: 40 },
  { options: { maxMemory: MIB, maxKeys: 1000 }, maxSize: 100_000, runs: 20 },
  { options: { maxMemory: 4 * MIB }, maxSize: 300_000, runs: 8 },
  { options: { maxMemory: 4 * MIB, shards: 3, maxKeys: 1000 }, maxSize: 100_000, runs: 8 },
];

for (const guard of GUARDS) {
  for (const { options, maxSize, runs } of CASES) {
    t.test(`${guard}, ${JSON.stringify(options)}, values up to ${maxSize} bytes`, async (t) => {
      checkModel(t, () => SharedCache.create(guarded(options, guard)), maxSize, runs);
    });
  }
}

t.test('the model itself notices a wrong value', async (t) => {
  const clock = new FakeClock();
  t.teardown(() => clock.restore());
  const model = new Model();
  const system = new System(SharedCache.create({ maxMemory: 64 * KIB }), clock);
  set('k1', 10, undefined).run(model, system);
  system.cache.set('k1', bytes(1));
  t.throws(() => get('k1').run(model, system), /another value/);
  system.cache.delete('k1');
  t.throws(() => get('k1').run(model, system), /1 keys are missing, 0 were evicted/);
});
