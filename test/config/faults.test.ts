/** HOTSHARD_FAULTS: what it may say, and when what it asks for happens. */
import { test } from 'tap';
import { UsageError } from '../../src/config/errors.js';
import { atRandomTimes, parseFaults } from '../../src/config/faults.js';
import { loadConfig } from '../../src/config/load.js';

test('each fault with its time and its share', async (t) => {
  t.strictSame(parseFaults('store-delay=200ms@0.1,store-fail@0.01,kill-worker=30s,drop-tracking=10s'), {
    storeDelay: { milliseconds: 200, share: 0.1 },
    storeFail: 0.01,
    killWorker: 30_000,
    dropTracking: 10_000,
  });
  t.strictSame(parseFaults('store-delay=1'), { storeDelay: { milliseconds: 1000, share: 1 } });
  t.strictSame(parseFaults('store-fail'), { storeFail: 1 });
  t.equal(parseFaults(''), undefined);
});

test('anything else is refused in one line that names what is allowed', async (t) => {
  const bad = [
    'store-delay',
    'store-delay=',
    'store-delay=0',
    'store-delay=fast',
    'store-delay=1s@',
    'store-delay=1s@0',
    'store-delay=1s@1.01',
    'store-delay=1s@-0.5',
    'store-delay=1s@.5',
    'store-fail=1s',
    'store-fail@2',
    'kill-worker',
    'kill-worker=0s',
    'kill-worker=1s@0.5',
    'drop-tracking=1s@1',
    'store-fail,store-fail',
    'store-fail,',
    ',',
    ' store-fail',
    'STORE-FAIL',
    'fire',
  ];
  for (const text of bad) {
    t.throws(() => loadConfig({}, { HOTSHARD_FAULTS: text }), UsageError, text);
    t.throws(() => parseFaults(text), /^bad value ".*" for HOTSHARD_FAULTS: must be [^\n]+$/, text);
  }
});

test('without it nothing goes wrong, with it there is a warning', async (t) => {
  t.notOk('faults' in loadConfig({}, { HOTSHARD_FAULTS: '' }).config);
  const { config, warnings } = loadConfig({}, { HOTSHARD_FAULTS: 'store-fail@0.5' });
  t.strictSame(config.faults, { storeFail: 0.5 });
  t.match(warnings, [/HOTSHARD_FAULTS is set: things go wrong on purpose \(store-fail@0\.5\)/]);
});

test('what comes by time comes again and again, at uneven times, until it is ended', async (t) => {
  const times: number[] = [];
  let end = (): void => {};
  await new Promise<void>((resolve) => {
    // The timers do not keep a program alive.
    const alive = setInterval(() => {}, 1000);
    end = atRandomTimes(5, () => {
      times.push(performance.now());
      if (times.length < 20) return;
      clearInterval(alive);
      resolve();
    });
  });
  end();
  const pauses = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  t.ok(Math.max(...pauses) > 2 * Math.min(...pauses));
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(times.length, 20);
});
