/** wrk as a load: what it prints, and what it asks for. */
import { test } from 'tap';
import { parseWrk, wrk } from '../../../src/bench/http/wrk.js';
import { missingProgram } from '../../../src/bench/installed.js';
import { serverOf } from '../http-server.js';

const WORDS = `Running 1s test @ http://127.0.0.1:3000
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   100.00us   10.00us   1.00ms   90.00%
  1000 requests in 0.50s, 100.00KB read
`;

const TIMES = '"mean":101.5,"p50":100,"p75":110,"p90":120,"p95":130,"p99":140,"p999":150,"max":160';

test('the line of our script is read, whatever else is printed', (t) => {
  const line = `{"duration":500000,"requests":1000,"errors":3,${TIMES}}\n`;
  t.strictSame(parseWrk(`\n${WORDS}${line}`), {
    seconds: 0.5,
    requests: 1000,
    statuses: { 200: 997, 0: 3 },
    latency: { mean: 101.5, p50: 100, p75: 110, p90: 120, p95: 130, p99: 140, p999: 150, max: 160 },
    cpu: Number.NaN,
  });
  t.end();
});

test('where there is no such line, what was printed is the error', (t) => {
  const message = /^wrk did not say what it measured: .*unable to connect/s;
  t.throws(() => parseWrk('unable to connect to 127.0.0.1:1 Connection refused\n'), { message });
  t.throws(() => parseWrk(`unable to connect\n{"requests":1}\n`), { message });
  t.throws(() => parseWrk('unable to connect\n{-nan}\n'), { message });
  t.end();
});

test('it asks for what our own load asks for', { skip: missingProgram('wrk') ?? false }, async (t) => {
  const asked = { reads: 0, writes: 0, wrong: 0 };
  const port = await serverOf(t, (request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const line = `${request.method} ${request.url} ${body}`;
      if (/^GET \/get\/key:\d \$/.test(`${line}$`)) asked.reads++;
      else if (/^POST \/store\/key:\d [0-9a-f]{40}$/.test(line)) asked.writes++;
      else asked.wrong++;
      response.writeHead(asked.wrong === 0 ? 200 : 500, { 'Content-Length': 0 }).end();
    });
  });
  const workload = {
    dialect: 'hotshard',
    keys: 10,
    valueSize: 40,
    seed: 1,
    reads: 0.8,
    exponent: 0,
  } as const;
  const order = { kind: 'mix', port, connections: 2, seconds: 0.1, workload } as const;
  const { requests, seconds, statuses, latency } = await wrk(1).run(order);
  t.equal(asked.wrong, 0);
  t.ok(asked.reads > asked.writes && asked.writes > 0, `${asked.reads} reads, ${asked.writes} writes`);
  t.ok(requests > 0 && requests <= asked.reads + asked.writes && seconds > 0);
  t.equal(statuses[200], requests);
  t.ok(latency.p50 > 0 && latency.p50 <= latency.p99 && latency.p99 <= latency.max);
  const pipelined = await wrk(4).run(order);
  t.equal(asked.wrong, 0);
  t.ok(pipelined.requests > 0);
  t.ok(Number.isNaN(pipelined.latency.p50), 'wrk gets it wrong');
});
