/** Those that hotshard is compared with do what it does, with values whose bytes are all there are. */
import { type Test, test } from 'tap';
import {
  CONTENDER_NAMES,
  CONTENDERS,
  type ContenderName,
  HTTP_NAMES,
} from '../../../src/bench/peers/contenders.js';
import { skippedOf } from '../../../src/bench/peers/contest.js';
import { askOver, openSession } from '../../server/http2-client.js';

const KEYS = 100;
const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** @returns what answers under its address */
async function start(t: Test, name: ContenderName) {
  const { server } = await CONTENDERS[name].start({ keys: KEYS });
  t.teardown(() => server.stop());
  return (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init);
}

for (const name of HTTP_NAMES) {
  test(name, { skip: CONTENDERS[name].missing() ?? false }, async (t) => {
    const ask = await start(t, name);
    const store = async (path: string, body: Uint8Array<ArrayBuffer> | string) => {
      const { status, headers } = await ask(`/store/${path}`, { method: 'POST', body });
      return [status, headers.get('content-length')];
    };
    const read = async (path: string) => {
      const answer = await ask(`/get/${path}`);
      t.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8', path);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      t.equal(answer.headers.get('content-length'), String(bytes.length), `${path}: the load needs a length`);
      return { status: answer.status, bytes };
    };
    const text = new TextEncoder();
    t.strictSame(await read('key:1'), { status: 404, bytes: text.encode('No value found for key') });
    t.strictSame(await store('key:1', ALL_BYTES), [200, '0']);
    t.strictSame(await read('key:1'), { status: 200, bytes: ALL_BYTES });
    t.strictSame(await store('key:1', 'another'), [200, '0']);
    t.strictSame(await read('key:1'), { status: 200, bytes: text.encode('another') });
    t.strictSame(await store('empty', ''), [200, '0']);
    t.strictSame(await read('empty'), { status: 200, bytes: new Uint8Array(0) });
    const large = new Uint8Array(64 * 1024).fill(0xff);
    t.strictSame(await store('large', large), [200, '0']);
    t.strictSame(await read('large'), { status: 200, bytes: large });
    t.strictSame(await store('a%2Fb%20%C3%A4', 'slash'), [200, '0']);
    t.strictSame(await read('a%2fb%20%c3%a4'), { status: 200, bytes: text.encode('slash') });
    t.equal((await ask('/nothing')).status, 404);
  });
}

test('nginx speaks HTTP/2', { skip: CONTENDERS['nginx + lua_shared_dict'].missing() ?? false }, async (t) => {
  const { server } = await CONTENDERS['nginx + lua_shared_dict'].start({ keys: KEYS, protocol: 'h2c' });
  t.teardown(() => server.stop());
  const session = await openSession(`http://127.0.0.1:${server.port}`);
  t.teardown(() => session.destroy());
  t.equal((await askOver(session, 'GET', '/get/key:1')).status, 404);
  t.equal((await askOver(session, 'POST', '/store/key:1', { body: ALL_BYTES })).status, 200);
  t.match(await askOver(session, 'GET', '/get/key:1'), { status: 200, body: Buffer.from(ALL_BYTES) });
});

test('who is not installed is told, with the reason', (t) => {
  const { PATH } = process.env;
  t.teardown(() => {
    process.env.PATH = PATH;
  });
  process.env.PATH = '';
  const missing = (program: string) => `there is no program "${program}" on this machine`;
  t.match(skippedOf(CONTENDER_NAMES), [
    { contender: 'nginx + lua_shared_dict', reason: missing('nginx') },
    { contender: 'Webdis + Redis', reason: missing('webdis') },
    { contender: 'Redis', reason: missing('redis-server') },
    { contender: 'memcached', reason: missing('memcached') },
  ]);
  t.end();
});
