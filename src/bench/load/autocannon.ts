/**
 * Load by autocannon, a tool that many know, for throughput only: it tells latency in whole milliseconds, and the time it
 * takes for its own work is in them.
 */
import type autocannon from 'autocannon';
import { type AutocannonOrder, authorityOf, type Counts } from './orders.js';
import { type Mix, mixed, type Request } from './requests.js';

/**
 * Requests that are made before the run, for all connections together: each repeats those it was given. Enough that most
 * keys are among them and that reads and writes have their shares, as far as that takes neither too long nor too much memory.
 */
const PREPARED_PER_KEY = 2;
const LEAST_PREPARED = 2_000;
const MOST_PREPARED = 20_000;
const PREPARED_BYTES = 64 * 2 ** 20;

/** Milliseconds within which it notices that its time is over. */
const SAMPLE_INTERVAL = 100;

/** Connections that fail are opened again at once: a server that is gone would be stormed until the time is over. */
const MOST_ERRORS = 1_000;

/** Requests that are sent when a connection is lost count only as errors if that was an error, and never when it ended. */
export async function autocannonLoop(order: AutocannonOrder): Promise<Counts> {
  const { default: run } = await import('autocannon');
  const { connections, seconds, workload } = order;
  const next = requestsOf(workload, connections);
  return new Promise((resolve, reject) => {
    let began = performance.now();
    let cpu = process.cpuUsage();
    const instance = run(
      {
        url: `http://${authorityOf(order)}`,
        connections,
        duration: seconds,
        sampleInt: SAMPLE_INTERVAL,
        bailout: connections + MOST_ERRORS,
        ...(workload.headers === undefined ? {} : { headers: { ...workload.headers } }),
        setupClient: (client) => client.setRequests(next()),
      },
      (error: Error | null, result: autocannon.Result) => {
        if (error) reject(error);
        else resolve(countsOf(result, (performance.now() - began) / 1000, process.cpuUsage(cpu)));
      },
    );
    // When the requests are made, which may take longer than a short run.
    instance.on('start', () => {
      began = performance.now();
      cpu = process.cpuUsage();
    });
  });
}

/** What the next connection repeats. */
function requestsOf(workload: Mix, connections: number): () => autocannon.Request[] {
  const { keys, valueSize = 0, reads } = workload;
  const wanted = Math.min(Math.max(PREPARED_PER_KEY * keys, LEAST_PREPARED), MOST_PREPARED);
  const most = PREPARED_BYTES / Math.max(1, valueSize * (1 - reads));
  const length = Math.max(1, Math.floor(Math.min(wanted, most) / connections));
  const next = mixed(workload);
  return () => Array.from({ length }, () => requestOf(next()));
}

const END_OF_HEAD = '\r\n\r\n';

/** Autocannon writes the head itself. */
function requestOf({ text, body }: Request): autocannon.Request {
  const [method, path] = text.split(' ', 2);
  return {
    method: method as 'GET' | 'POST',
    path,
    body: body?.[0] ?? text.slice(text.indexOf(END_OF_HEAD) + END_OF_HEAD.length),
  };
}

function countsOf(
  { errors, requests, statusCodeStats = {} }: autocannon.Result,
  seconds: number,
  { user, system }: NodeJS.CpuUsage,
): Counts {
  const statuses = Object.entries(statusCodeStats).map(([status, { count = 0 }]) => [status, count]);
  return {
    seconds,
    requests: requests.total + errors,
    statuses: { ...Object.fromEntries(statuses), ...(errors === 0 ? {} : { 0: errors }) },
    cpu: user + system,
  };
}
