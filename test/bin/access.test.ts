/** Tokens and rate limit as users meet them: a server of two workers, the client commands, and what is in the log. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { type Test, test } from 'tap';
import { plain } from '../plain.js';
import { hotshardHere, PROGRAM } from './fixtures/run.js';

interface Running {
  readonly url: string;
  /** All lines of the log so far. */
  readonly log: string[];
  stop(): Promise<void>;
}

async function start(
  t: Test,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Running> {
  const server = spawn(...plain(process.execPath, [PROGRAM, '--port', '0', '--max-memory', '1mb', ...args]), {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(server, 'exit');
  t.teardown(() => server.kill('SIGKILL'));
  const log: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(server.stdout).on('line', (line) => {
      log.push(line);
      const { address } = JSON.parse(line) as { address?: string };
      if (address !== undefined) resolve(address);
    });
    server.once('exit', () => reject(new Error(log.join('\n'))));
  });
  const stop = async (): Promise<void> => {
    server.kill('SIGTERM');
    await exited;
  };
  return { url, log, stop };
}

test('the client commands show the token, and neither side shows it to anybody else', async (t) => {
  const { url, log, stop } = await start(t, ['--workers', '2', '--log-level', 'trace'], {
    HOTSHARD_AUTH_TOKEN: 'full-secret',
    HOTSHARD_READ_ONLY_TOKEN: 'look-secret',
  });
  const run = (args: string[], environment: Record<string, string> = {}) =>
    hotshardHere([...args, '--url', url], { environment });
  t.equal((await run(['set', 'k', 'value', '--auth-token', 'full-secret'])).code, 0);
  const read = await run(['get', 'k'], { HOTSHARD_AUTH_TOKEN: 'look-secret' });
  t.match(read, { code: 0, stdout: Buffer.from('value') });
  const failures = await Promise.all([
    run(['get', 'k']),
    run(['get', 'k', '--auth-token', 'wrong-secret']),
    run(['del', 'k', '--auth-token', 'look-secret']),
    run(['stats', '--auth-token', 'wrong secret']),
  ]);
  t.strictSame(
    failures.map(({ code, stderr }) => [code, /answered (\d+)|must be/.exec(stderr)?.[0]]),
    [
      [1, 'answered 401'],
      [1, 'answered 401'],
      [1, 'answered 403'],
      [2, 'must be'],
    ],
  );
  await stop();
  t.ok(log.length > 3, 'there is a log');
  t.notMatch([...log, ...failures.map(({ stderr }) => stderr)].join('\n'), /secret/);
});

test('a server that other machines reach without a token says so once', async (t) => {
  const { log, stop } = await start(t, ['--workers', '1', '--host', '0.0.0.0']);
  await stop();
  t.equal(log.filter((line) => line.includes('there is no --auth-token')).length, 1);
});

test('two workers together admit no more than the limit at ten times its load', async (t) => {
  const RATE = 20;
  const { url, stop } = await start(t, ['--workers', '2', '--rate-limit', `${RATE}`]);
  const begin = performance.now();
  const statuses = await Promise.all(Array.from({ length: 10 }, () => statusesOf(url, RATE)));
  const seconds = (performance.now() - begin) / 1000;
  const all = statuses.flat();
  const admitted = all.filter((status) => status === 200).length;
  t.equal(all.filter((status) => status === 429).length, all.length - admitted);
  t.ok(admitted >= RATE, `${admitted}: a second's requests at once`);
  t.ok(admitted <= RATE + RATE * seconds, `${admitted} in ${seconds} s`);
  await stop();
});

/** Of so many requests for the greeting, each on a connection of its own: the kernel spreads them over the workers. */
async function statusesOf(url: string, requests: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < requests; i++) {
    const [response] = (await once(http.get(url, { agent: false }), 'response')) as [http.IncomingMessage];
    response.resume();
    statuses.push(response.statusCode ?? 0);
  }
  return statuses;
}
