/**
 * The answers of the fast lane as bytes, made once a second, since they say when they were made. Headers, their order
 * and their letter case are those of the Hapi server's answers: a client can't tell who has answered.
 */

import type { ReadResult, StoreUnavailableError } from '../../store/tiered.js';

/** Milliseconds for which answers say the same time. */
const SECOND = 1000;

const TEXT = 'content-type: text/plain; charset=utf-8\r\n';
/** What all answers say. */
const COMMON = 'x-content-type-options: nosniff\r\ncache-control: no-cache\r\n';

/** What may be answered, as far as it is counted apart. */
export const Answered = {
  VALUE: 0,
  ABSENT: 1,
  STORED: 2,
  GREETING: 3,
  UNREADABLE: 4,
  UNSTORABLE: 5,
} as const;

/** A complete answer, and the same as `HEAD` gets it. */
export interface FixedAnswer {
  readonly whole: Uint8Array;
  readonly head: Uint8Array;
}

/** All answers of one second. */
export interface AnswersOfSecond {
  /** What comes between the length of a value and the value. */
  readonly valueTail: Uint8Array;
  readonly greeting: FixedAnswer;
  readonly absent: FixedAnswer;
  readonly stored: FixedAnswer;
}

export class Answers {
  /** What comes before the length of a value. */
  readonly valueHead = bytesOf(`HTTP/1.1 200 OK\r\n${TEXT}x-cache: hit\r\n${COMMON}content-length: `);
  readonly #keepAlive: string;
  #tail = '';
  #second = Number.NaN;
  #current: AnswersOfSecond | undefined;

  /** @param keepAliveTimeout milliseconds, as the answers tell of it */
  constructor(keepAliveTimeout: number) {
    const seconds = Math.floor(keepAliveTimeout / SECOND);
    this.#keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n\r\n`;
  }

  /** The answers as they are to be given at a time, in milliseconds since the epoch. */
  at(now: number): AnswersOfSecond {
    const second = Math.floor(now / SECOND);
    if (this.#current !== undefined && second === this.#second) return this.#current;
    this.#second = second;
    this.#tail = `\r\nDate: ${new Date(now).toUTCString()}\r\n${this.#keepAlive}`;
    const tail = this.#tail;
    this.#current = {
      valueTail: bytesOf(tail),
      greeting: fixedAnswer('200 OK', TEXT, 'Hello, World!', tail),
      absent: fixedAnswer('404 Not Found', TEXT, 'No value found for key', tail),
      stored: fixedAnswer('200 OK', '', '', tail),
    };
    return this.#current;
  }

  /** The head of an answer with a value of so many bytes, in the second that was asked for last. */
  valueHeadOf(length: number, source: ReadResult['source']): Uint8Array {
    return bytesOf(
      `HTTP/1.1 200 OK\r\n${TEXT}x-cache: ${source}\r\n${COMMON}content-length: ${length}${this.#tail}`,
    );
  }

  /** What is said when the store behind the map can't be asked, in the second that was asked for last. */
  unavailable({ message, retryAfter }: StoreUnavailableError): FixedAnswer {
    const body = Buffer.from(JSON.stringify({ statusCode: 503, error: 'Service Unavailable', message }));
    const head = bytesOf(
      `HTTP/1.1 503 Service Unavailable\r\nretry-after: ${Math.ceil(retryAfter)}\r\n` +
        `content-type: application/json; charset=utf-8\r\n${COMMON}content-length: ${body.length}${this.#tail}`,
    );
    return { whole: Buffer.concat([head, body]), head };
  }
}

function fixedAnswer(status: string, type: string, body: string, tail: string): FixedAnswer {
  const head = `HTTP/1.1 ${status}\r\n${type}${COMMON}content-length: ${body.length}${tail}`;
  return { whole: bytesOf(head + body), head: bytesOf(head) };
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
