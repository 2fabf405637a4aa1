/**
 * A worker's life on a thread of its own: starts it with what the supervisor gave, says how far it has come,
 * and drains when told to. An error that nobody has caught ends the thread, and the supervisor gets it with its
 * `code`.
 */
import { inspect } from 'node:util';
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
  const logger = workerLogger(worker, config.logLevel);
  let serving: RunningWorker | undefined;
  const die = (): void => beforeEnd(serving, () => process.exit(1));

  // Listened for from the beginning: messages may come before the worker is ready.
  const drainOrder = new Promise<number>((resolve) => {
    port.on('message', (message: ToWorker) => {
      if (message.type === 'drain') resolve(message.limit);
      else if (message.type === 'die') die();
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
    logger,
    onAdopting: () => say({ type: 'adopting' }),
  });
  serving = await running;
  // Not before: an error that keeps it from serving may end the thread at once.
  onFailure(serving, (error, isFirst) => {
    if (isFirst) say({ type: 'failing', reason: inspect(error) });
    else logger.error({ err: error }, 'another error, of a worker that is about to end');
  });
  say({ type: 'listening', address: serving.address, respAddress: serving.respAddress });

  say({ type: 'drained', cut: await serving.drain(await drainOrder) });
  port.close();
}

/**
 * Puts off the end of the thread by an error that nobody has caught, a promise's too, until it is safe. The error is thrown
 * again then, so that the thread ends by it as it would have at once.
 */
function onFailure(worker: RunningWorker, tell: (error: unknown, isFirst: boolean) => void): void {
  let hasFailed = false;
  const onError = (error: unknown): void => {
    const isFirst = !hasFailed;
    hasFailed = true;
    tell(error, isFirst);
    if (!isFirst) return;
    beforeEnd(worker, () => {
      process.removeListener('uncaughtException', onError);
      throw error;
    });
  };
  process.on('uncaughtException', onError);
}

/**
 * A thread must not end while it reads HTTP/2: Node fails an assertion when a request with a body comes to a thread that is
 * just ending, and that ends the whole process (https://github.com/nodejs/node/issues/38418). The supervisor waits no
 * longer for `end` than a moment, as a thread in disorder may not get so far.
 *
 * @param worker absent: it does not accept connections yet
 */
function beforeEnd(worker: RunningWorker | undefined, end: () => void): void {
  worker?.leaveHttp2();
  setTimeout(end, worker === undefined ? 0 : CLOSING_TIME);
}
