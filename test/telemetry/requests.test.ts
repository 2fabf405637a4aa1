/** Requests by protocol, operation and status, and the histogram of how long they took. */
import t from 'tap';
import { httpOperation, httpStatus } from '../../src/telemetry/http-requests.js';
import {
  BUCKETS,
  PROTOCOLS,
  percentile,
  RequestCounters,
  SERIES,
  seriesOf,
} from '../../src/telemetry/requests.js';

t.test('each worker counts, each reads the sum', async (t) => {
  const counters = RequestCounters.create(2);
  const other = RequestCounters.attach(structuredClone(counters.handle));
  for (const [number] of SERIES.entries()) {
    counters.served(0, number, number + 1);
    other.served(1, number);
  }
  for (const [number, { protocol, operation, status }] of SERIES.entries()) {
    t.equal(other.total(number), number + 2, `${protocol} ${operation} ${status}`);
    t.equal(seriesOf(protocol, operation, status), number);
  }
  const all = SERIES.reduce((sum, _, number) => sum + number + 2, 0);
  t.equal(
    PROTOCOLS.reduce((sum, protocol) => sum + counters.totalBy(protocol), 0),
    all,
  );
  t.strictSame(counters.histogram('resp').counts, new Array(BUCKETS.length + 1).fill(0), 'is something else');
});

t.test('a series that there is not', async (t) => {
  t.throws(() => seriesOf('http1', 'get', 'ok' as '2xx'), RangeError);
});

t.test('a bucket holds what is not longer than its bound', async (t) => {
  const counters = RequestCounters.create(2);
  const other = RequestCounters.attach(counters.handle);
  for (const seconds of BUCKETS) counters.took(0, 'http2', 1, seconds * 1000);
  const everyBucket = new Array(BUCKETS.length).fill(1);
  t.strictSame(other.histogram('http2').counts, [...everyBucket, 0]);
  other.took(1, 'http2', 3, 0);
  other.took(1, 'http2', 2, 60_000);
  const { counts, seconds } = counters.histogram('http2');
  t.strictSame(counts, [4, ...everyBucket.slice(1), 2]);
  const sum = BUCKETS.reduce((total, bound) => total + bound, 0) + 2 * 60;
  t.ok(Math.abs(seconds - sum) < 1e-6, `${seconds} s`);
  for (const protocol of ['http1', 'resp'] as const) t.equal(counters.histogram(protocol).seconds, 0);
});

t.test('percentiles', async (t) => {
  const counts = new Array(BUCKETS.length + 1).fill(0);
  t.equal(percentile({ counts }, 0.5), undefined, 'of nothing');
  counts[2] = 100; // 10 to 25 µs
  t.equal(percentile({ counts }, 0.5)?.toFixed(7), '0.0000175', 'in the middle of the only bucket');
  t.equal(percentile({ counts }, 1), BUCKETS[2]);
  counts[9] = 100;
  t.equal(percentile({ counts }, 0.5), BUCKETS[2]);
  t.equal(percentile({ counts }, 0.75), ((BUCKETS[8] ?? 0) + (BUCKETS[9] ?? 0)) / 2);
  counts[BUCKETS.length] = 1000;
  t.equal(percentile({ counts }, 0.99), BUCKETS.at(-1), 'above the last bound no more is known');
});

t.test('what a request over HTTP is counted as', async (t) => {
  const operations: [request: string, operation: string][] = [
    ['GET /get/key', 'get'],
    ['HEAD /v1/get/key', 'get'],
    ['GET /?key=k', 'get'],
    ['GET /v1/?key=k', 'get'],
    ['GET /v1?key=k', 'get'],
    ['GET /lookup?key=k', 'lookup'],
    ['HEAD /v1/lookup', 'lookup'],
    ['PUT /store/key', 'set'],
    ['POST /v1/store/key?ttl=1', 'set'],
    ['DELETE /store/key', 'delete'],
    ...['GET /', 'GET /?', 'GET /v1', 'PUT /get/key', 'GET /store/key', 'POST /lookup', 'GET /lookups'].map(
      (request): [string, string] => [request, 'other'],
    ),
    ...['GET /metrics', 'GET /getter', 'OPTIONS *', 'DELETE /', 'GET /v2/get/key', 'GET /v12?key=k'].map(
      (request): [string, string] => [request, 'other'],
    ),
  ];
  for (const [request, operation] of operations) {
    const [method = '', target = ''] = request.split(' ');
    t.equal(httpOperation(method, target), operation, request);
  }
  t.strictSame([200, 204, 404, 413, 500, 503, 0].map(httpStatus), [
    ...['2xx', '2xx', '4xx', '4xx', '5xx', '5xx', 'none'],
  ]);
});
