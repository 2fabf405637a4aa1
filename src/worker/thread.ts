/**
 * A worker's life on a thread of its own: starts it with what the supervisor gave, says how far it has come,
 * and drains when told to. An error at any point is left uncaught: it ends the thread, and the supervisor
 * gets it with its `code`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type CreateServer, type RunningWorker, startWorker } from './lifecycle.js';
import { workerLogger } from './logger.js';
import type { FromWorker, ToWorker, WorkerData } from './messages.js';
import type { CreateRespLane } from './resp-front.js';
import { attachShared } from './shared.js';

/** Milliseconds that connections need to be closed. */
const CLOSING_TIME = 20;

/**
 * Runs this thread as a worker until it has drained.
 *
 * @param createRespLane another lane than the program's own, for tests
 */
export async function runWorker(createServer: CreateServer, createRespLane?: CreateRespLane): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('a worker runs on a thread of its own, started by the supervisor');
  const say = (message: FromWorker): void => port.postMessage(message);
  const { config, shared, worker, ticket, respTicket, identity } = workerData as WorkerData;

  // Listened for from the beginning: messages may come before the worker is ready.
  const drainOrder = new Promise<number>((resolve) => {
    port.on('message', (message: ToWorker) => {
      if (message.type === 'drain') resolve(message.limit);
      else if (message.type === 'die') running.then(die);
      else if (message.type === 'identity') running.then((started) => started.useIdentity(message.identity));
      else running.then((started) => started.useLogLevel(message.level));
    });
  });
  const running = startWorker({
    config,
    shared: attachShared(shared),
    worker,
    ticket,
    respTicket,
    identity,
    createServer,
    createRespLane,
    logger: workerLogger(worker, config.logLevel),
    onAdopting: () => say({ type: 'adopting' }),
  });
  const { address, respAddress, drain } = await running;
  say({ type: 'listening', address, respAddress });

  say({ type: 'drained', cut: await drain(await drainOrder) });
  port.close();
}

/**
 * Ends the thread as a failure would, for rehearsals, but not while it reads HTTP/2: Node fails an assertion when a request of
 * HTTP/2 comes to a thread that is just ending, and ends the whole process (https://github.com/nodejs/node/issues/38418).
 */
function die(worker: RunningWorker): void {
  worker.leaveHttp2();
  setTimeout(() => process.exit(1), CLOSING_TIME);
}
