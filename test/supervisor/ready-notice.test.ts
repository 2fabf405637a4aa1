/** What a service manager is told: once when the server is ready, once when it stops. systemd-notify is a stand-in. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startHotshard } from '../store/fixtures/hotshard.js';
import { until } from '../store/fixtures/until.js';

/** A program that writes down what it is called with and by which socket, and how it ended. */
function standIn(t: Test, exitCode = 0) {
  const directory = t.testdir({ bin: {} });
  const told = join(directory, 'told');
  const program = join(directory, 'bin/systemd-notify');
  writeFileSync(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> '${told}'\nexit ${exitCode}\n`);
  chmodSync(program, 0o755);
  return {
    environment: { PATH: `${join(directory, 'bin')}:${process.env.PATH}`, NOTIFY_SOCKET: '@asked' },
    told: () => (existsSync(told) ? readFileSync(told, 'utf8').trimEnd().split('\n') : []),
  };
}

t.test('that it serves, and that it stops', async (t) => {
  const { environment, told } = standIn(t);
  for (const workers of [0, 1]) {
    const before = told().length;
    const hotshard = await startHotshard(t, { env: environment, workers });
    await hotshard.untilReady();
    await until(() => told().length > before);
    hotshard.kill('SIGTERM');
    t.equal(await hotshard.ended, 0);
    await until(() => told().length > before + 1);
    t.strictSame(told().slice(before), ['@asked READY=1', '@asked STOPPING=1']);
  }
});

t.test('not before the store has been reached', async (t) => {
  const { environment, told } = standIn(t);
  const args = ['--redis', 'redis://127.0.0.1:1'];
  const hotshard = await startHotshard(t, { env: environment, workers: 1, args });
  const { status } = await hotshard.client.ask('GET', '/readyz');
  t.equal(status, 503);
  hotshard.kill('SIGTERM');
  t.equal(await hotshard.ended, 0);
  await until(() => told().length > 0);
  t.strictSame(told(), ['@asked STOPPING=1']);
});

t.test('nothing where nobody asked, and a failure is no more than a warning', async (t) => {
  const { environment, told } = standIn(t, 3);
  const { PATH } = environment;
  const alone = await startHotshard(t, { env: { PATH }, workers: 1 });
  await alone.untilReady();
  alone.kill('SIGTERM');
  t.equal(await alone.ended, 0);
  t.strictSame(told(), []);

  const failing = await startHotshard(t, { env: environment, workers: 1 });
  t.match(await failing.logged('systemd-notify failed'), { level: 40, reason: 'exit code 3' });
  // What tests start programs with is all that is there.
  const bare = t.testdir({ env: t.fixture('symlink', '/usr/bin/env') });
  const without = await startHotshard(t, { env: { ...environment, PATH: bare }, workers: 1 });
  t.match(await without.logged('systemd-notify failed'), { level: 40, reason: /ENOENT/ });
  await without.untilReady();
});
