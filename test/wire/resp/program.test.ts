/** The Redis protocol of the real program, plain and over TLS: pipelines, ends, a drain under load, and what is counted. */
import t, { type Test } from 'tap';
import { makeCertificate } from '../../store/fixtures/certificate.js';
import { type Served, serveWith } from '../../store/fixtures/served.js';
import { sampleOf } from '../../telemetry/read-exposition.js';
import { Peer } from './peer.js';

const PONG = '+PONG\r\n';
const VALUE = 'v'.repeat(300_000);
const LONG = `$${VALUE.length}\r\n${VALUE}\r\n`;

const { certificate, key } = makeCertificate(t.testdir());

interface Program extends Served {
  connect(): Promise<Peer>;
}

async function start(t: Test, isSecure: boolean): Promise<Program> {
  const tlsFlags = isSecure ? ['--tls-cert', certificate, '--tls-key', key] : [];
  const served = await serveWith(t, ['--workers', '2', '--resp-port', '0', ...tlsFlags]);
  const { respAddress } = await served.logged('hotshard serves on');
  const port = Number(new URL(String(respAddress)).port);
  const connect = (): Promise<Peer> => (isSecure ? Peer.connectSecurely(t, port) : Peer.connect(t, port));
  return { ...served, connect };
}

t.jobs = 2;

for (const isSecure of [false, true]) {
  t.test(isSecure ? 'over TLS' : 'plain', async (t) => {
    const program = await start(t, isSecure);

    t.test('replies that are not read are kept, also for who has said its last', async (t) => {
      const peer = await program.connect();
      peer.send(`SET k "${'v'.repeat(60_000)}"\r\nSET l x\r\n`);
      t.equal(await peer.text('+OK\r\n+OK\r\n'), '+OK\r\n+OK\r\n');
      peer.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${LONG}`);
      peer.send(`${'PING\r\n'.repeat(10_000)}${`${'PING\r\n'.repeat(10)}GET k\r\n`.repeat(60)}PI`);
      peer.socket.end();
      const expected = `+OK\r\n${PONG.repeat(10_000)}${(PONG.repeat(10) + LONG).repeat(60)}`;
      t.ok((await peer.rest()) === expected);
      t.equal(await peer.ended, undefined);
    });

    t.test('after a protocol error comes the error, and the end', async (t) => {
      const peer = await program.connect();
      peer.send(`PING\r\n*1\r\n:1\r\n${'PING\r\n'.repeat(50_000)}`);
      t.equal(await peer.rest(), `${PONG}-ERR Protocol error: expected '$', got ':'\r\n`);
      t.equal(await peer.ended, undefined);
    });

    if (!isSecure) {
      t.test('HTTP is cut off, with a warning; requests are counted', async (t) => {
        const peer = await program.connect();
        peer.send('POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET evil 1\r\n');
        t.equal(await peer.rest(), '');
        const { level } = await program.logged('possible attack');
        t.equal(level, 40);
        const metrics = await (await fetch(`${program.url}/metrics`)).text();
        const counted = (operation: string, status: string) =>
          sampleOf(
            metrics,
            'hotshard_requests_total',
            `{protocol="resp",op="${operation}",status="${status}"}`,
          );
        t.equal(counted('read', 'ok'), 60);
        t.equal(counted('write', 'ok'), 3);
        t.equal(counted('other', 'error'), 1);
        const { requests, latency } = (await (await fetch(`${program.url}/stats`)).json()) as {
          requests: { resp: number };
          latency: { resp: { p50: number } };
        };
        t.equal(requests.resp, 60 + 3 + 10_600 + 2);
        t.ok(latency.resp.p50 > 0);
      });
    }

    t.test('a drain under load: nobody sees a part of a reply', async (t) => {
      const setup = await program.connect();
      setup.send('SET drained 0123456789\r\n');
      await setup.text('+OK\r\n');
      const reply = '$10\r\n0123456789\r\n';
      const batch = 'GET drained\r\n'.repeat(200);
      const peers = await Promise.all(Array.from({ length: 6 }, () => program.connect()));
      let rounds = 0;
      const loads = peers.map(async (peer, index) => {
        let tail = '';
        peer.socket.on('data', (chunk) => {
          tail = (tail + chunk.toString()).slice(-reply.length);
        });
        for (let isOver = false; !isOver; rounds++) {
          peer.send(batch);
          // Some read what they have asked for, the others ask on and on.
          const received = await (index % 2 === 0
            ? peer.read(200 * reply.length)
            : peer.read(20 * reply.length));
          isOver = received.length < 20 * reply.length;
          if (rounds === 60) program.stop();
        }
        peer.socket.destroy();
        return { tail, code: await peer.ended };
      });
      for (const { tail, code } of await Promise.all(loads)) {
        t.equal(tail, reply);
        t.equal(code, undefined, 'no reset');
      }
      setup.socket.destroy();
      t.equal(await program.ended, 0);
      t.notOk(program.log.some(({ msg }) => msg.includes('cut off') && !msg.includes('HTTP')));
    });
  });
}
