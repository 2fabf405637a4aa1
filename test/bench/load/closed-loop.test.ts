/** The closed loop, and what it counts, against a server of the test's own. */
import { test } from 'tap';
import { closedLoop } from '../../../src/bench/load/closed-loop.js';
import { failuresOf } from '../../../src/bench/load/orders.js';
import { eachKey } from '../../../src/bench/load/requests.js';
import { serverOf } from '../http-server.js';

test('every connection has one request under way, and all requests are answered', async (t) => {
  const asked: string[] = [];
  let underWay = 0;
  let most = 0;
  const port = await serverOf(t, (request, response) => {
    asked.push(request.url ?? '');
    most = Math.max(most, ++underWay);
    // Held until all connections have asked, where as many can still come.
    setImmediate(() => {
      underWay--;
      response.setHeader('Content-Length', 0).end();
    });
  });
  const next = eachKey({ dialect: 'hotshard', keys: 50, seed: 1 }, 'write');
  const load = await closedLoop({ port, connections: 4, dialect: 'hotshard', next });
  t.strictSame(asked.sort(), Array.from({ length: 50 }, (_, key) => `/store/key:${key}`).sort());
  t.ok(most <= 4, `${most} at the same time`);
  t.strictSame([load.requests, load.reads, load.writes, load.statuses], [50, 0, 50, { 200: 50 }]);
  t.equal(failuresOf(load), 0);
  const { p50, p99, max } = load.latency;
  t.ok(p50 > 0 && p50 <= p99 && p99 <= max && max <= load.seconds * 1e6 + 1000, 'in microseconds');
});

test('what came back is told apart, step by step', async (t) => {
  const statuses = [200, 404, 503, 200, 503, 500];
  const port = await serverOf(t, (_, response) => {
    response.writeHead(statuses.shift() ?? 0, { 'Content-Length': 0 }).end();
  });
  const read = eachKey({ dialect: 'hotshard', keys: 3, seed: 1 }, 'read');
  const write = eachKey({ dialect: 'hotshard', keys: 3, seed: 1 }, 'write');
  const before = Date.now();
  const next = () => read() ?? write();
  const load = await closedLoop({ port, connections: 1, dialect: 'hotshard', next, step: 60_000 });
  t.equal(failuresOf(load), 4);
  t.equal(load.timeline.length, 1);
  const [{ longest, firstAcknowledged, ...counts }] = load.timeline;
  t.strictSame(counts, {
    found: 1,
    absent: 1,
    acknowledged: 1,
    refusedReads: 1,
    refusedWrites: 1,
    errors: 1,
  });
  t.ok(longest > 0);
  t.ok(firstAcknowledged >= before - 1000 && firstAcknowledged <= Date.now() + 1000);
});
