/** The load as a process of its own, so that it has a core, a heap and an event loop for itself. */
import { closedLoop } from './closed-loop.js';
import type { Message } from './orders.js';
import { eachKey, mixed, type Request } from './requests.js';

let isOver = false;

process.on('message', (message: Message) => {
  isOver = message.kind === 'end';
  if (message.kind === 'end') return;
  const { port, connections } = message;
  const step = message.kind === 'mix' ? message.step : undefined;
  closedLoop({ port, connections, next: nextOf(message), step }).then(
    (load) => process.send?.({ load }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ isReady: true });

function nextOf(order: Exclude<Message, { kind: 'end' }>): () => Request | undefined {
  if (order.kind === 'each') return eachKey(order.workload, order.operation);
  const next = mixed(order.workload);
  let deadline = 0;
  return () => {
    // From the first request on: connections are open then.
    if (deadline === 0) deadline = performance.now() + order.seconds * 1000;
    return isOver || performance.now() >= deadline ? undefined : next();
  };
}
