/** SIGTERM and sessions of HTTP/2: they are told to make no more requests, and end with the last answer. */
import { once } from 'node:events';
import http2, { type ClientHttp2Session } from 'node:http2';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { SETUPS, startProgram } from './fixtures/harness.js';

async function sessionTo(t: Test, url: string): Promise<ClientHttp2Session> {
  const session = http2.connect(url);
  t.teardown(() => session.destroy());
  session.on('error', () => {});
  // Its first request has been answered: it is a session to the server too.
  await text(session.request({ ':path': '/worker' }));
  return session;
}

for (const setup of SETUPS) {
  for (const workers of [0, 1, 2]) {
    t.test(`${setup.name}, ${workers} workers`, async (t) => {
      const program = startProgram(t, setup, { config: { workers }, drainLimit: 1_000 });
      const url = await program.url();
      const idle = await sessionTo(t, url);
      const busy = await sessionTo(t, url);
      const stuck = await sessionTo(t, url);
      const slow = text(busy.request({ ':path': '/slow?ms=300' }));
      const lost = stuck.request({ ':path': '/stuck' });
      const lostEnd = once(lost, 'close').catch(() => {});
      await text(stuck.request({ ':path': '/worker' }));
      await text(busy.request({ ':path': '/worker' }));

      const goodbyes = [idle, busy, stuck].map((session) => once(session, 'goaway'));
      program.kill('SIGTERM');
      const ends = [idle, busy].map((session) => once(session, 'close'));
      for (const goodbye of goodbyes) t.equal((await goodbye)[0], http2.constants.NGHTTP2_NO_ERROR);
      t.equal(await slow, 'slow');
      await Promise.all([...ends, lostEnd]);
      t.equal(await program.ended, 0);
      t.match(await program.logged('requests in flight were cut off'), { connections: 1 });
      t.strictSame(program.noise, []);
    });
  }
}
