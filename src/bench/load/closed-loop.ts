/** A closed loop: a connection sends its next request as soon as one was answered. */
import { setTimeout as wait } from 'node:timers/promises';
import { type LoadConnection, NO_ANSWER } from './connection.js';
import type { Dialect } from './dialects.js';
import type { Load, Target } from './orders.js';
import { closeSoon, openConnections } from './pool.js';
import { Recording } from './recording.js';
import type { Request } from './requests.js';

/** Milliseconds before a connection that got no answer tries again: a server that is down is not to be stormed. */
const PAUSE = 10;

export interface Loop extends Target {
  readonly dialect: Dialect;
  /** The next request of whichever connection is free; undefined: no more. */
  readonly next: () => Request | undefined;
  readonly step?: number | undefined;
  /** Requests that each connection has under way; absent: 1. */
  readonly depth?: number | undefined;
  /** Called when all connections are open. */
  readonly onOpen?: () => void;
}

/** Connects first, outside of what is measured. Resolves when all that was asked is answered. */
export async function closedLoop({ next, step, depth = 1, dialect, onOpen, ...target }: Loop): Promise<Load> {
  const pool = await openConnections(target, dialect);
  onOpen?.();
  const recording = new Recording(step);
  const places = pool.flatMap((connection) => Array.from({ length: depth }, () => connection));
  await Promise.all(places.map((connection) => drive(connection, next, recording)));
  const { load } = recording;
  closeSoon(pool);
  return load;
}

function drive(connection: LoadConnection, next: Loop['next'], recording: Recording): Promise<void> {
  return new Promise((resolve) => {
    const send = () => {
      const request = next();
      if (request === undefined) return resolve();
      const sent = performance.now();
      connection.send(request, (status) => {
        recording.take(request.isWrite, status, sent);
        if (status === NO_ANSWER) void wait(PAUSE).then(send);
        else send();
      });
    };
    send();
  });
}
