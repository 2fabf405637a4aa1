/**
 * One connection of the Redis protocol: commands come in, replies go out in their order.
 *
 * - Commands run one after the other. One that has to wait holds up those behind it on its connection, and nobody else.
 * - A client need not take its replies to go on sending: they pile up here, and when there are too many the client is
 *   cut off, as by Redis.
 */
import type { Socket } from 'node:net';
import type { Client } from '../../commands/client.js';
import type { Answer } from '../../commands/command.js';
import type { Waiter } from '../../limits/concurrency.js';
import { Backlog } from './backlog.js';
import type { Sink } from './outbox.js';
import { Parsed, type Request } from './request.js';
import type { Patience, Station } from './station.js';

/** Bytes of replies that a client may leave untaken. */
export const MOST_UNTAKEN = 256 * 1024 * 1024;
/** Bytes of commands that are kept until they are whole, or can be run. */
export const MOST_PENDING = 256 * 1024 * 1024;
/** The same for those behind a command that waits: then nothing more is read. */
const MOST_BEHIND = 1024 * 1024;

/** Milliseconds that a client has to close its end. */
const LINGER = 2_000;

const NOTHING = Buffer.alloc(0);

export class Connection implements Sink {
  readonly client: Client;
  readonly #socket: Socket;
  readonly #station: Station;
  /** What is known of the commands that are kept; absent: none are. */
  #request: Request | undefined;
  /** Bytes of commands that have not run yet. */
  #pending = NOTHING;
  #pendingLength = 0;
  readonly #backlog = new Backlog();
  /** The kernel has not taken everything that was written. */
  #isBlocked = false;
  /** The last command waits for something. */
  #isWaiting = false;
  #holdsPlace = false;
  #place: Waiter | undefined;
  #isPaused = false;
  /** The client has said its last. */
  #hasEnded = false;
  /** Nothing more is run; what has been written is still sent. */
  #isEnding = false;
  /** The tick from which on the rest of a command, or a password, has been waited for. */
  #since: number;

  constructor(socket: Socket, station: Station, client: Client) {
    this.#socket = socket;
    this.#station = station;
    this.client = client;
    this.#since = station.ticks;
    socket.on('end', () => this.#end());
  }

  /** Whether there is neither a command nor a reply under way. */
  get isIdle(): boolean {
    return this.#request === undefined && !this.#isBlocked && !this.#isWaiting;
  }

  /** The first `length` of `bytes` have come. They are the next read's after this. */
  take(bytes: Buffer, length: number): void {
    this.#station.counter.received(length);
    if (this.#isEnding) return;
    if (this.#request === undefined) {
      const request = this.#station.borrowRequest();
      request.begin(bytes);
      this.#run(request, bytes, length);
    } else {
      this.#append(this.#request, bytes, this.#request.skip(length), length);
      if (!this.#isHeld) this.#runPending();
    }
  }

  /** @returns whether the bytes are not needed any more */
  send(bytes: Buffer, whenSent?: () => void): boolean {
    this.#station.counter.sent(bytes.length);
    if (this.#isBlocked) {
      this.#backlog.add(bytes);
      if (this.#backlog.length > MOST_UNTAKEN) this.#station.cutOff(this, 'it does not take its replies');
      return true;
    }
    this.#write(bytes, whenSent);
    return !this.#isBlocked;
  }

  /** Ends the connection when what is waited for has taken too long. */
  check({ command, password }: Patience): void {
    if (this.#isHeld || this.#isEnding) return;
    const waited = this.#station.ticks - this.#since;
    if (this.client.access === 'none' ? waited > password : this.#request !== undefined && waited > command) {
      this.destroy();
    }
  }

  /** No command is taken any more: the connection ends when those under way have been answered. */
  retire(): void {
    this.client.isEnding = true;
    if (!this.#isHeld) this.#finish();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The socket has closed. */
  close(): void {
    this.#isEnding = true;
    if (this.#place !== undefined) this.#station.limit.leave(this.#place);
    this.#place = undefined;
    this.#forget();
    if (!this.#isWaiting) this.#release();
  }

  /** Whether what has come has to wait. */
  get #isHeld(): boolean {
    return this.#isWaiting || this.#place !== undefined;
  }

  #runPending(answer?: Answer): void {
    const request = this.#request ?? this.#station.borrowRequest();
    this.#run(request, this.#pending, this.#pendingLength, answer);
  }

  /**
   * Runs the commands that are complete.
   *
   * @param answer what the command before them has come to
   */
  #run(request: Request, bytes: Buffer, end: number, answer?: Answer): void {
    const station = this.#station;
    const { engine, reply, outbox } = station;
    const { client } = this;
    this.#holdsPlace ||= station.limit.tryAcquire();
    if (!this.#holdsPlace) {
      this.#keep(request, bytes, end);
      this.#awaitPlace();
      return;
    }
    outbox.begin(this);
    reply.audience = client;
    engine.begin();
    client.lastCommandAt = Date.now();
    if (answer !== undefined) answer(reply);
    let waiting: Promise<Answer> | undefined;
    while (waiting === undefined && !client.isEnding) {
      request.isStranger = client.access === 'none';
      const parsed = request.next(end);
      if (parsed === Parsed.COMMAND) {
        this.#since = station.ticks;
        if (station.isForeign(request.args)) {
          client.isEnding = true;
          station.cutOff(this, 'it speaks HTTP');
        } else waiting = engine.execute(request.args, reply, client) ?? undefined;
      } else if (parsed === Parsed.MORE) break;
      else if (parsed === Parsed.TOO_LONG) engine.refuse(request.args, reply, client);
      else if (parsed === Parsed.PROTEST) {
        reply.error(request.protest);
        client.isEnding = true;
      }
    }
    engine.end();
    outbox.end();
    if (waiting !== undefined) {
      this.#keep(request, bytes, end);
      void this.#await(waiting);
      return;
    }
    this.#release();
    if (client.isEnding || this.#hasEnded) this.#finish();
    else if (request.needed < end || request.skipped > 0) this.#keep(request, bytes, end);
    else this.#forget(request);
    this.#resume();
  }

  async #await(waiting: Promise<Answer>): Promise<void> {
    this.#isWaiting = true;
    const answer = await waiting;
    this.#isWaiting = false;
    if (this.#isEnding) this.#release();
    else this.#runPending(answer);
  }

  /** Waits for a place among the requests in flight, and ends the connection when there is none to be had. */
  #awaitPlace(): void {
    let isOver = false;
    const waiter = this.#station.limit.wait((isAcquired) => {
      isOver = true;
      this.#place = undefined;
      this.#holdsPlace = isAcquired;
      if (this.#isEnding) this.#release();
      else if (isAcquired) this.#runPending();
      else this.#refuse();
    });
    if (waiter === undefined) this.#refuse();
    else if (!isOver) this.#place = waiter;
  }

  #refuse(): void {
    this.send(Buffer.from('-ERR max number of clients reached\r\n'));
    this.#finish();
  }

  /** Keeps what has not run yet, with what is known of it. */
  #keep(request: Request, bytes: Buffer, end: number): void {
    if (this.#request === request) return;
    this.#request = request;
    const start = request.needed;
    const length = end - start;
    this.#pending = Buffer.allocUnsafeSlow(this.#capacityFor(request, length, start));
    this.#pending.set(bytes.subarray(start, end));
    this.#pendingLength = length;
    request.moveTo(this.#pending);
  }

  #append(request: Request, bytes: Buffer, start: number, end: number): void {
    const count = end - start;
    if (this.#pendingLength + count > this.#pending.length) {
      const { needed } = request;
      const length = this.#pendingLength - needed;
      const larger = Buffer.allocUnsafeSlow(this.#capacityFor(request, length + count, needed));
      larger.set(this.#pending.subarray(needed, this.#pendingLength));
      this.#pending = larger;
      this.#pendingLength = length;
      request.moveTo(larger);
    }
    this.#pending.set(bytes.subarray(start, end), this.#pendingLength);
    this.#pendingLength += count;
    if (this.#isHeld && this.#pendingLength > MOST_BEHIND && !this.#isPaused) {
      this.#isPaused = true;
      this.#socket.pause();
    }
    if (this.#pendingLength - request.needed > MOST_PENDING) {
      this.#station.cutOff(this, 'a command, or those behind one that waits, are too long');
    }
  }

  /** Room for what has come, and for what was announced as far as it is no more than that again. */
  #capacityFor(request: Request, length: number, start: number): number {
    return Math.max(length, 64, Math.min(2 * length, Math.max(request.announced - start, length)));
  }

  #forget(request = this.#request): void {
    if (request !== undefined) this.#station.returnRequest(request);
    this.#request = undefined;
    this.#pending = NOTHING;
    this.#pendingLength = 0;
  }

  #resume(): void {
    if (!this.#isPaused || this.#isHeld || this.#isEnding) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  #write(bytes: Buffer, whenSent?: () => void): void {
    const socket = this.#socket;
    socket.write(bytes);
    this.#isBlocked = socket.writableLength > 0;
    // A mark behind what was written: it is through when everything before it is.
    if (this.#isBlocked) socket.write(NOTHING, () => this.#unblock(whenSent));
  }

  #unblock(whenSent?: () => void): void {
    whenSent?.();
    this.#isBlocked = false;
    const next = this.#backlog.next();
    if (next !== undefined) this.#write(next);
    else if (this.#isEnding) this.#close();
  }

  /** Runs nothing more, and ends the connection when the replies have been taken. */
  #finish(): void {
    this.#isEnding = true;
    this.#forget();
    if (!this.#isBlocked) this.#close();
  }

  /** Says that this was all. What still comes is read: to close over it would reset the connection, and lose replies. */
  #close(): void {
    this.#socket.end();
    this.#socket.resume();
    this.#socket.setTimeout(LINGER, () => this.#socket.destroy());
  }

  /** The client has said its last: what it has asked for is still answered. */
  #end(): void {
    this.#hasEnded = true;
    if (!this.#isHeld) this.#finish();
  }

  #release(): void {
    if (!this.#holdsPlace) return;
    this.#holdsPlace = false;
    this.#station.limit.release();
  }
}
