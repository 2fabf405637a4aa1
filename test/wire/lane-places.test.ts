/** The concurrency limit in the fast lane: what takes a place, and what is answered without one. */
import type { Socket } from 'node:net';
import t from 'tap';
import { held } from '../server/held-cache.js';
import { limitOf, until } from '../server/server-under-test.js';
import { serveLane } from './lane-under-test.js';

const GET = 'GET /get/k HTTP/1.1\r\nHost: h\r\n\r\n';
const GREETING = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

function store(key: string, value: string): string {
  return `POST /store/${key} HTTP/1.1\r\nHost: h\r\nContent-Length: ${value.length}\r\n\r\n${value}`;
}

t.test(
  'a body that is not there takes a place, and who finds none waits with the Hapi server if it has to',
  async (t) => {
    const limit = limitOf(1, 2);
    const { cache, made } = held();
    const server = await serveLane(t, { limit, cache });
    const handedOver: Socket[] = [];
    server.listener.on('connection', (socket: Socket) => handedOver.push(socket));
    server.cache.map.set('near', 'value');
    const near = GET.replace('/k', '/near');
    const [slow, hits, miss, write, late] = await Promise.all(
      Array.from({ length: 5 }, () => server.connect()),
    );
    if (!slow || !hits || !miss || !write || !late) throw new Error('there are five');
    await slow.send(store('k', 'value').slice(0, -1));
    await until(() => limit.usage.inFlight === 1);

    await hits.send(near + store('near-new', 'x') + GREETING + GET.replace('/k', '/near-none'));
    for (const [status, text] of [
      [200, 'value'],
      [200, ''],
      [200, 'Hello, World!'],
      [404, 'No value found for key'],
    ]) {
      const answer = await hits.answer();
      t.strictSame([answer.status, answer.text], [status, text], 'at once');
    }
    t.equal(handedOver.length, 0, 'all of that by the lane');
    t.match(limit.usage, { inFlight: 1, waiting: 0 });

    await miss.send(GET);
    await until(() => limit.usage.waiting === 1);
    await write.send(store('w', 'value').slice(0, -1));
    await until(() => limit.usage.waiting === 2);
    t.equal(handedOver.length, 2);
    t.equal(made().busy, 0);
    await hits.send(near);
    const refused = await hits.answer();
    t.strictSame([refused.status, refused.headers['retry-after']], [503, '1'], 'the backlog is full');
    await late.send(GREETING);
    t.equal((await late.answer()).status, 503);

    await slow.send(`e${near}`);
    t.equal((await slow.answer()).status, 200);
    await until(() => made().busy === 1);
    t.equal((await slow.answer()).text, 'value', 'a hit behind it, while others wait');
    t.match(limit.usage, { inFlight: 1, waiting: 1 }, 'one that ends lets one in');
    made().gate.resolve();
    t.equal((await miss.answer()).text, 'k');
    await write.send('e');
    t.equal((await write.answer()).status, 200);
    await until(() => limit.usage.inFlight === 0);
    t.match(limit.usage, { inFlight: 0, waiting: 0 });
    t.equal(server.state.row(0).rejected, 2);
    t.equal(server.state.row(0).requests, 10, 'all are counted, once');
  },
);
