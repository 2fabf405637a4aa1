/** The entry file of a worker thread. */
import { createServer } from '../server/server.js';
import { runWorker } from './thread.js';

await runWorker(createServer);
