/** The Dockerfile's health check, run as Docker would run it, beside a server that is process 1 there. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { plain } from './plain.js';
import { makeCertificate } from './store/fixtures/certificate.js';
import { freePort } from './store/fixtures/free-port.js';
import { startHotshard } from './store/fixtures/hotshard.js';

const dockerfile = readFileSync(fileURLToPath(new URL('../../Dockerfile', import.meta.url)), 'utf8');
const check = /^HEALTHCHECK .*CMD ((?:.*\\\n)*.*)/m.exec(dockerfile)?.[1] ?? '';

/** Runs it in a shell; the exit code. */
function health(pid: number, environment: Readonly<Record<string, string>> = {}): Promise<number> {
  const command = check.replaceAll('\\\n', ' ').replace('/proc/1/', `/proc/${pid}/`);
  return new Promise((resolve) => {
    execFile(
      ...plain('/bin/sh', ['-c', command]),
      { env: { PATH: process.env.PATH, ...environment } },
      (error) => resolve(error === null ? 0 : Number(error.code)),
    );
  });
}

test('the health check asks the port that the server was given', async (t) => {
  const { certificate, key } = makeCertificate(t.testdir({}));
  const tls = { HOTSHARD_TLS_CERT: certificate, HOTSHARD_TLS_KEY: key };
  const ways: ((port: string) => { args?: string[]; env?: Record<string, string> })[] = [
    (port) => ({ args: [`--port=${port}`], env: { HOTSHARD_PORT: '1' } }),
    (port) => ({ env: { HOTSHARD_PORT: 'tcp://10.0.0.1:3000', PROXY_PORT: port, ...tls } }),
    (port) => ({ args: ['-p', port, '--tls-cert', certificate, '--tls-key', key] }),
  ];
  for (const way of ways) {
    const { args = [], env = {} } = way(String(await freePort()));
    const server = await startHotshard(t, { isBare: true, args: ['--workers', '0', ...args], env });
    const pid = Number(server.log[0]?.pid);
    t.equal(await health(pid, env), 0, `${args.join(' ')} ${Object.keys(env)}`);
    server.kill('SIGTERM');
    await server.ended;
  }
  // Nobody is there.
  t.equal(await health(process.pid, { HOTSHARD_PORT: String(await freePort()) }), 1);
});

test('what the Dockerfile copies is in its context', (t) => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const taken = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
    ([, names]) => names?.split(' ') ?? [],
  );
  t.ok(copied.includes('src'));
  for (const name of copied) t.ok(taken.includes(`!${name}`), name);
  t.end();
});
