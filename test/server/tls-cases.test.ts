/** The cases of the routes, asked over TLS: HTTP/1.1 and HTTP/2, as agreed on by ALPN. */
import t from 'tap';
import { serve, speak } from './server-under-test.js';
import { madeIdentity } from './tls-identity.js';

const identity = madeIdentity(t);

speak('https', identity);
await import('./routes.test.js');

for (const protocol of ['https', 'h2'] as const) {
  t.test(`${protocol}: values of all sizes`, async (t) => {
    speak(protocol, identity);
    const { ask, state } = await serve(t, { maxValueSize: 1_000_000 });
    for (const length of [0, 1, 20_000, 1_000_000]) {
      const body = Buffer.alloc(length, 'value');
      t.equal((await ask('PUT', '/store/k', { body })).status, 200);
      t.equal((await ask('GET', '/get/k')).body.compare(body), 0, `${length} bytes`);
    }
    t.equal((await ask('PUT', '/store/k', { body: Buffer.alloc(1_000_001) })).status, 413);
    t.equal(state.row(0).connections, protocol === 'h2' ? 1 : 9, 'each connection is counted once');
  });
}
