/** `--tls-cert` and `--tls-key`: what is refused at the start, and what SIGHUP does. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import t from 'tap';
import { UsageError } from '../../src/config/errors.js';
import { readIdentity } from '../../src/supervisor/certificate.js';
import { type Certificate, makeCertificate } from '../store/fixtures/certificate.js';
import { startHotshard } from '../store/fixtures/hotshard.js';

const directory = t.testdir({ first: {}, second: {}, served: {} });
const first = makeCertificate(join(directory, 'first'));
const second = makeCertificate(join(directory, 'second'));

function copy(from: Certificate, to: Certificate): void {
  copyFileSync(from.certificate, to.certificate);
  copyFileSync(from.key, to.key);
}

/** Fingerprint of the certificate that a server shows; undefined when it speaks no TLS. */
function shown(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.end();
    });
    socket.on('error', () => resolve(undefined));
  });
}

t.test('files that will not do are told, with flag and reason, in one line', async (t) => {
  const junk = join(directory, 'junk.pem');
  const encrypted = join(directory, 'encrypted.pem');
  writeFileSync(junk, 'junk');
  writeFileSync(
    encrypted,
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n',
  );
  const none = join(directory, 'none.pem');
  const { certificate, key } = first;
  const cases: [tlsCert: string | undefined, tlsKey: string | undefined, complaint: RegExp][] = [
    [certificate, undefined, /^--tls-cert needs --tls-key: must be both or neither$/],
    [undefined, key, /^--tls-key needs --tls-cert: must be both or neither$/],
    [none, key, /^bad value ".*none\.pem" for --tls-cert: must be .*: ENOENT/],
    [certificate, none, /^bad value ".*none\.pem" for --tls-key: must be .*: ENOENT/],
    [directory, key, /for --tls-cert: .*: EISDIR/],
    [junk, key, /junk\.pem" for --tls-cert: .* in PEM: it holds none$/],
    [key, key, /key\.pem" for --tls-cert: .*: it holds none$/],
    [certificate, junk, /junk\.pem" for --tls-key: .*: it holds none$/],
    [certificate, encrypted, /for --tls-key: .*: it has a passphrase$/],
    [certificate, second.key, /for --tls-key: .*: it is not the key of the certificate in ".*"$/],
  ];
  for (const [tlsCert, tlsKey, complaint] of cases) {
    try {
      readIdentity({ tlsCert, tlsKey });
      t.fail(String(complaint));
    } catch (error) {
      t.ok(error instanceof UsageError, String(complaint));
      t.match((error as Error).message, complaint);
      t.notMatch((error as Error).message, /\n/);
    }
  }
  t.equal(readIdentity({ tlsCert: undefined, tlsKey: undefined }), undefined);
  const { ticketKeys, ...identity } = readIdentity({ tlsCert: certificate, tlsKey: key }) ?? {};
  t.equal(ticketKeys?.length, 48);
  t.match(identity, { certificate: /BEGIN CERTIFICATE/, key: /BEGIN PRIVATE KEY/ });
});

for (const workers of [0, 2]) {
  t.test(`SIGHUP with ${workers} workers`, async (t) => {
    const served = {
      certificate: join(directory, 'served', 'certificate.pem'),
      key: join(directory, 'served', 'key.pem'),
    };
    copy(first, served);
    const args = ['--tls-cert', served.certificate, '--tls-key', served.key];
    const program = await startHotshard(t, { args, workers });
    const { address } = await program.logged('hotshard serves on');
    t.match(address, /^https:\/\//);
    const port = Number(new URL(String(address)).port);
    const before = await shown(port);
    t.ok(before);

    writeFileSync(served.certificate, 'junk');
    program.kill('SIGHUP');
    const failure = await program.logged('certificate not read again');
    t.match(failure, { level: 50, reason: /--tls-cert.*it holds none/ });
    t.equal(await shown(port), before, 'the old one stays');

    copy(second, served);
    program.kill('SIGHUP');
    await program.logged('certificate read again');
    // Every worker gets it, each when it comes to it.
    for (let same = 0; same < 10; same = (await shown(port)) === before ? 0 : same + 1);

    program.kill('SIGTERM');
    t.equal(await program.ended, 0);
  });
}

t.test('SIGHUP without TLS changes nothing', async (t) => {
  const program = await startHotshard(t, { workers: 0 });
  const { address } = await program.logged('hotshard serves on');
  program.kill('SIGHUP');
  await program.logged('SIGHUP: there is no certificate');
  t.equal((await fetch(`${address}/readyz`)).status, 200);
});
