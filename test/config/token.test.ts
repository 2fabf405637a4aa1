/** Tokens as options: where they come from, which of them go together, and a server without one. */
import { test } from 'tap';
import { type Environment, type Flags, loadConfig } from '../../src/config/load.js';

/** The message of the error that a value causes. */
function complaint(flags: Flags, environment: Environment = {}): string {
  try {
    loadConfig(flags, environment);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

test('tokens that do not go together are refused', async (t) => {
  t.equal(
    complaint({ 'read-only-token': 'a' }),
    '--read-only-token needs --auth-token: without that everybody may read and write',
  );
  t.equal(
    complaint({ 'auth-token': 'a' }, { HOTSHARD_READ_ONLY_TOKEN: 'a' }),
    '--auth-token and HOTSHARD_READ_ONLY_TOKEN (--read-only-token) are the same: must be two tokens',
  );
  t.match(complaint({ 'auth-token': 'a b' }), /^bad value "\*\*\*" for --auth-token: must be 1 to 512/);
  t.match(complaint({ 'auth-token': 'x'.repeat(513) }), /^bad value "\*\*\*"/);
});

test('a token can be in a file, with a newline at its end', async (t) => {
  const folder = t.testdir({
    unix: 'secret\n',
    windows: 'secret\r\n',
    bare: 'secret',
    two: 'a\nb\n',
    empty: '\n',
  });
  const read = (name: string) => loadConfig({}, { HOTSHARD_AUTH_TOKEN_FILE: `${folder}/${name}` }).config;
  for (const name of ['unix', 'windows', 'bare']) t.equal(read(name).authToken, 'secret', name);
  for (const name of ['two', 'empty', 'missing']) {
    t.throws(() => read(name), {
      message:
        /^bad value ".*" for HOTSHARD_AUTH_TOKEN_FILE \(--auth-token\): must be the path of a readable file/,
    });
  }
});

test('a server that other machines reach without a token is warned of', async (t) => {
  for (const host of ['127.0.0.1', '127.8.9.1', '::1', 'localhost', '::ffff:127.0.0.1'])
    t.strictSame(loadConfig({ host }, {}).warnings, [], host);
  for (const host of ['', '0.0.0.0', '::', '10.0.0.1', 'cache.example.com', '127.example.com']) {
    t.match(loadConfig({ host }, {}).warnings, [
      /^--host lets other machines in, and there is no --auth-token/,
    ]);
    t.strictSame(loadConfig({ host, 'auth-token': 'a' }, {}).warnings, [], host);
  }
});
