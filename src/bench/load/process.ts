/** The load as a process of its own, so that it has a core, a heap and an event loop for itself. */
import { autocannonLoop } from './autocannon.js';
import { closedLoop } from './closed-loop.js';
import { openLoop } from './open-loop.js';
import type { AutocannonOrder, Counts, EachOrder, Message, MixOrder, Order } from './orders.js';
import { eachKey, mixed, type Request } from './requests.js';

let isOver = false;

process.on('message', (message: Message) => {
  isOver = message.kind === 'end';
  if (message.kind === 'end') return;
  run(message).then(
    (load) => process.send?.({ load }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ isReady: true });

function run(order: Order | AutocannonOrder): Promise<Counts> {
  if (order.kind === 'autocannon') return autocannonLoop(order);
  const { host, port, connections, from } = order;
  const { dialect } = order.workload;
  if (order.kind === 'paced') {
    const { rate, seconds, workload } = order;
    const next = mixed(workload);
    const pace = { rate, seconds, isOver: () => isOver, onOpen };
    return openLoop({ host, port, connections, from, dialect, next, ...pace });
  }
  const { step, depth } = order.kind === 'mix' ? order : {};
  return closedLoop({ host, port, connections, from, dialect, next: nextOf(order), step, depth, onOpen });
}

function onOpen(): void {
  process.send?.({ isOpen: true });
}

function nextOf(order: EachOrder | MixOrder): () => Request | undefined {
  const next = order.kind === 'each' ? eachKey(order.workload, order.operation) : mixed(order.workload);
  const { seconds = Number.POSITIVE_INFINITY } = order;
  let deadline = 0;
  return () => {
    // From the first request on: connections are open then.
    if (deadline === 0) deadline = performance.now() + seconds * 1000;
    return isOver || performance.now() >= deadline ? undefined : next();
  };
}
