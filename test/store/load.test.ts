/** `--load` as users see it: a program that answers while its data file comes in. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { hotshard } from '../bin/fixtures/run.js';
import { namedPipe, type Served, serveFile } from './fixtures/served.js';

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
}

async function ask(url: string, method = 'GET', body?: string): Promise<Answer> {
  const response = await fetch(url, { method, ...(body === undefined ? {} : { body }) });
  return {
    status: response.status,
    text: await response.text(),
    retryAfter: response.headers.get('retry-after'),
  };
}

/** Resolves when so many requests, beside the one that asks, are being answered. */
async function inFlight(url: string, count: number): Promise<void> {
  for (;;) {
    const { limits } = JSON.parse((await ask(`${url}/stats`)).text) as { limits: { inFlight: number } };
    if (limits.inFlight > count) return;
  }
}

async function ready({ url, logged }: Served): Promise<void> {
  await logged('the data file is loaded');
  while ((await ask(`${url}/readyz`)).status !== 200);
}

function dataFile(t: Test, content: string): string {
  const path = join(t.testdir(), 'data');
  writeFileSync(path, content);
  return path;
}

for (const workers of ['0', '2']) {
  t.test(`with ${workers} workers`, { skip: process.platform === 'win32' }, async (t) => {
    const args = ['--workers', workers];

    t.test('keys are waited for, and absent only after the end', async (t) => {
      const pipe = namedPipe(t);
      const served = await serveFile(t, pipe.path, args);
      const { url } = served;
      t.equal((await ask(`${url}/readyz`)).status, 503);
      t.equal((await ask(`${url}/healthz`)).status, 200);

      let hasEnded = false;
      const late = ask(`${url}/get/late`);
      const never = ask(`${url}/get/never`).then((answer) => {
        t.ok(hasEnded, 'not before the end');
        return answer;
      });
      await inFlight(url, 2);
      pipe.write('late is better than never\nla');
      t.match(await late, { status: 200, text: 'is better than never' });
      pipe.write('st 1');
      t.equal((await ask(`${url}/readyz`)).status, 503);
      hasEnded = true;
      pipe.end();
      t.match(await never, { status: 404, text: 'No value found for key' });
      await ready(served);
      t.match(await ask(`${url}/get/last`), { status: 200, text: '1' });
      t.match(await served.logged('the data file is loaded'), { level: 30, lines: 2, keys: 2, malformed: 0 });
      served.stop();
      t.equal(await served.ended, 0);
    });

    t.test('what users store wins over later lines, what they delete does not come back', async (t) => {
      const pipe = namedPipe(t);
      const served = await serveFile(t, pipe.path, args);
      const { url } = served;
      pipe.write('deleted 1\n');
      t.match(await ask(`${url}/get/deleted`), { status: 200, text: '1' });
      t.equal((await ask(`${url}/store/stored`, 'POST', 'mine')).status, 200);
      const deleted = ask(`${url}/store/deleted`, 'DELETE');
      await inFlight(url, 1);
      pipe.write('stored 2\ndeleted 2\nmarker 1\n');
      t.equal((await ask(`${url}/get/marker`)).status, 200);
      t.match(await ask(`${url}/get/stored`), { status: 200, text: 'mine' });
      pipe.end();
      t.equal((await deleted).status, 204);
      t.equal((await ask(`${url}/get/deleted`)).status, 404);
      await ready(served);
      t.match(await ask(`${url}/get/stored`), { status: 200, text: 'mine' });
    });

    t.test('a signal during the load ends it with exit code 0, and waits with 503', async (t) => {
      const pipe = namedPipe(t);
      const served = await serveFile(t, pipe.path, args);
      const waiting = ask(`${served.url}/get/key`);
      await inFlight(served.url, 1);
      served.stop();
      t.match(await waiting, { status: 503, retryAfter: '1' });
      t.equal(await served.ended, 0);
      t.strictSame(
        served.log.filter(({ level }) => level > 30),
        [],
      );
    });
  });
}

t.test('malformed lines are reported by number', async (t) => {
  const served = await serveFile(t, dataFile(t, '\ufeffa 1\r\nsecret\r\nb 2'), ['--workers', '0']);
  await ready(served);
  t.equal((await ask(`${served.url}/get/a`)).text, '1');
  t.match(await served.logged('1 malformed line '), { level: 40, first: [{ line: 2, reason: 'no value' }] });
  t.notMatch(JSON.stringify(served.log), 'secret');
});

t.test('what does not fit is said', { skip: process.platform === 'win32' }, async (t) => {
  const content = Array.from({ length: 20_000 }, (_, i) => `key-${i} ${'x'.repeat(100)}\n`).join('');
  const args = ['--workers', '0', '--max-memory', '1mb'];

  t.test('of a file in a line of information: the rest can be read', async (t) => {
    const served = await serveFile(t, dataFile(t, content), args);
    await ready(served);
    const found = served.log.find(({ msg }) => msg.includes('the rest is read from the file'));
    t.equal(found?.level, 30);
    t.ok(Number(found?.keys) > 0 && Number(found?.keys) < 20_000);
  });

  t.test('of a pipe in a warning', async (t) => {
    const pipe = namedPipe(t);
    const served = await serveFile(t, pipe.path, ['--workers', '0', '--max-keys', '100']);
    pipe.write(Array.from({ length: 1000 }, (_, i) => `key-${i} ${i}\n`).join(''));
    pipe.end();
    await ready(served);
    const { level, lines, kept, leftOut } = await served.logged('the data file does not fit');
    t.strictSame([level, lines, Number(kept) + Number(leftOut)], [40, 1000, 1000]);
  });
});

t.test('a file that can not be read ends the program with exit code 1 and one line', async (t) => {
  const directory = t.testdir();
  const path = join(directory, 'none');
  const start = ['--port', '0', '--workers', '1', '--load'];
  const missing = await hotshard([...start, path]);
  t.match(missing, {
    code: 1,
    stderr: `hotshard: cannot read the data file ${JSON.stringify(path)} (--load): there is no such file\n`,
  });
  t.equal(missing.stdout.toString(), '');
  t.match(await hotshard([...start, directory]), { code: 1, stderr: / \(--load\): it is a directory\n$/ });
});

t.test(
  'a file that can not be read any more ends the program with exit code 1 and a fatal line',
  { skip: process.platform !== 'linux' },
  async (t) => {
    // There is no memory at address 0.
    const served = await serveFile(t, '/proc/self/mem', ['--workers', '1']);
    t.equal(await served.ended, 1);
    t.match(served.log, [{}, {}, { level: 60, msg: 'the data file could not be loaded' }]);
  },
);
