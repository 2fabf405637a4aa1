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
import { CommandKind } from '../../commands/lookup.js';
import type { Waiter } from '../../limits/concurrency.js';
import { Outlet, type OutletOwner } from './outlet.js';
import { Pending } from './pending.js';
import { Parsed, type Request } from './request.js';
import type { Patience, Station } from './station.js';

/** Bytes of replies that a client may leave untaken. */
export const MOST_UNTAKEN = 256 * 1024 * 1024;
/** The same for one that has not said a password: so much that replies to a few mistakes fit in. */
const MOST_UNTAKEN_OF_STRANGERS = 64 * 1024;
/** Bytes of commands that are kept until they are whole, or can be run. */
export const MOST_PENDING = 256 * 1024 * 1024;
/** The same for those behind a command that waits: then nothing more is read. */
const MOST_BEHIND = 1024 * 1024;

/** A command that has waited. */
interface Answered {
  readonly answer: Answer;
  readonly kind: CommandKind;
  /** By `performance.now()`. */
  readonly began: number;
}

export class Connection implements OutletOwner {
  readonly client: Client;
  readonly #socket: Socket;
  readonly #station: Station;
  readonly #outlet: Outlet;
  /** What is known of the commands that are kept; absent: none are. */
  #request: Request | undefined;
  /** Bytes of commands that have not run yet. */
  readonly #pending = new Pending();
  /** The last command, or a place among the requests in flight, is waited for. */
  #isHeld = false;
  #holdsPlace = false;
  #waiter: Waiter | undefined;
  /** What has come is all that is run. */
  #isLast = false;
  /** Nothing more is run; what has been written is still sent. */
  #isEnding = false;
  /** The tick from which on that is waited for which there is a patience for. */
  #since: number;

  constructor(socket: Socket, station: Station, client: Client) {
    this.#socket = socket;
    this.#station = station;
    this.client = client;
    this.#outlet = new Outlet(socket, this);
    this.#since = station.ticks;
    // The client has said its last: what it has asked for is still answered.
    socket.on('end', () => this.retire());
  }

  /** Whether there is neither a command nor a reply under way. */
  get isIdle(): boolean {
    return this.#request === undefined && !this.#outlet.isBlocked && !this.#isHeld;
  }

  get mostUntaken(): number {
    const { mostUntaken } = this.#station;
    return this.client.access === 'none' ? Math.min(MOST_UNTAKEN_OF_STRANGERS, mostUntaken) : mostUntaken;
  }

  /** The first `length` of `bytes` have come. They are the next read's after this. */
  take(bytes: Buffer, length: number): void {
    this.#station.countReceived(length);
    if (this.#isEnding || this.#isLast) return;
    const request = this.#request;
    if (request === undefined) {
      const borrowed = this.#station.borrowRequest();
      borrowed.begin(bytes);
      this.#run(borrowed, bytes, length);
      return;
    }
    const pending = this.#pending;
    pending.append(request, bytes, request.skip(length), length);
    if (pending.length - request.needed > MOST_PENDING) this.#cutOff('its command is too long');
    else if (!this.#isHeld) this.#run(request, pending.bytes, pending.length);
    else if (pending.length > MOST_BEHIND) this.#socket.pause();
  }

  /** Ends the connection when what is waited for has taken too long. */
  check(patience: Patience): void {
    if (this.#station.ticks - this.#since > this.#patience(patience)) this.destroy();
  }

  /** What comes from now on is not run: the connection ends when what came before has been answered. */
  retire(): void {
    this.#isLast = true;
    if (!this.#isHeld) this.#finish();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The socket has closed. */
  close(): void {
    this.#isEnding = true;
    if (this.#waiter !== undefined) this.#station.limit.leave(this.#waiter);
    this.#forget();
    if (!this.#isHeld) this.#release();
  }

  countSent(bytes: number): void {
    this.#station.countSent(bytes);
  }

  onTaken(): void {
    if (!this.#isEnding) return;
    this.#since = this.#station.ticks;
    if (!this.#outlet.isBlocked) this.#close();
  }

  onTooMuch(): void {
    this.#cutOff('it does not take its replies');
  }

  /** Runs the commands that are complete. @param answered what the command before them has come to */
  #run(request: Request, bytes: Buffer, end: number, answered?: Answered): void {
    const station = this.#station;
    const { engine, reply, outbox, meter } = station;
    const { client } = this;
    this.#holdsPlace ||= station.limit.tryAcquire();
    outbox.begin(this.#outlet);
    reply.audience = client;
    meter.begin();
    engine.begin();
    client.lastCommandAt = Date.now();
    if (answered !== undefined) {
      answered.answer(reply);
      meter.countWaited(answered.kind, answered.began);
    }
    const waiting = this.#runEach(request, end);
    engine.end();
    outbox.end();
    meter.end(answered === undefined ? 0 : 1);
    if (waiting !== undefined) {
      this.#keep(request, bytes, end);
      void (waiting === 'a place' ? this.#awaitPlace() : this.#await(waiting, engine.lastKind));
      return;
    }
    if (client.isEnding || this.#isLast) this.#finish(request);
    else if (request.needed < end || request.skipped > 0) this.#keep(request, bytes, end);
    else this.#forget(request);
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#release();
  }

  /** @returns what the last of them waits for: without a place that is one, unless the command need not wait */
  #runEach(request: Request, end: number): Promise<Answer> | 'a place' | undefined {
    const station = this.#station;
    const { engine, reply, meter, limit } = station;
    const { client } = this;
    while (!client.isEnding) {
      request.isStranger = client.access === 'none';
      switch (request.next(end)) {
        case Parsed.COMMAND: {
          this.#since = station.ticks;
          if (station.isForeign(request.args)) {
            station.reportForeign(client);
            this.#end();
            return undefined;
          }
          if (!this.#holdsPlace && (limit.isSpent || !engine.isAtOnce(request.args, client))) {
            request.again();
            return 'a place';
          }
          const waiting = engine.execute(request.args, reply, client);
          if (waiting !== undefined) return waiting;
          meter.count(engine.lastKind);
          break;
        }
        case Parsed.MORE:
          return undefined;
        case Parsed.TOO_LONG:
          engine.refuse(request.args, reply, client);
          meter.count(engine.lastKind);
          break;
        case Parsed.PROTEST:
          reply.error(request.protest);
          meter.count(CommandKind.OTHER);
          client.isEnding = true;
          break;
      }
    }
    return undefined;
  }

  #runPending(answered?: Answered): void {
    // It is kept as long as something is waited for.
    if (this.#request !== undefined) {
      this.#run(this.#request, this.#pending.bytes, this.#pending.length, answered);
    }
  }

  async #await(waiting: Promise<Answer>, kind: CommandKind): Promise<void> {
    const began = performance.now();
    this.#isHeld = true;
    const answer = await waiting;
    this.#isHeld = false;
    if (this.#isEnding) this.#release();
    else this.#runPending({ answer, kind, began });
  }

  /** Waits for a place among the requests in flight, and ends the connection when there is none to be had. */
  async #awaitPlace(): Promise<void> {
    const { limit } = this.#station;
    this.#isHeld = true;
    // Whoever gives its place away is in the middle of something, and so may be another that it was given by.
    this.#holdsPlace = await new Promise<boolean>((resolve) => {
      this.#waiter = limit.wait(resolve);
      if (this.#waiter === undefined) resolve(false);
    });
    this.#waiter = undefined;
    this.#isHeld = false;
    if (this.#isEnding) this.#release();
    else if (this.#holdsPlace) this.#runPending();
    else this.#refuse();
  }

  #refuse(): void {
    this.#station.countRejected();
    this.#station.outbox.write();
    this.#outlet.send(Buffer.from('-ERR max number of clients reached\r\n'));
    this.#finish();
  }

  #patience({ command, password, farewell }: Patience): number {
    if (this.#isEnding) return this.#outlet.isBlocked ? command : farewell;
    if (this.#isHeld) return Number.POSITIVE_INFINITY;
    if (this.client.access === 'none') return password;
    return this.#request === undefined ? Number.POSITIVE_INFINITY : command;
  }

  /** Keeps what has not run yet, with what is known of it. */
  #keep(request: Request, bytes: Buffer, end: number): void {
    if (this.#request === request) {
      this.#pending.shrink(request);
      return;
    }
    this.#request = request;
    // Of a stranger's patience nothing is given back by the beginning of a command.
    if (this.client.access !== 'none') this.#since = this.#station.ticks;
    this.#pending.begin(request, bytes, end);
  }

  #forget(request = this.#request): void {
    if (request !== undefined) this.#station.returnRequest(request);
    this.#request = undefined;
    this.#pending.clear();
  }

  #cutOff(reason: string): void {
    this.#station.report(this.client, reason);
    this.#end();
  }

  /** Ends the connection at once. */
  #end(): void {
    this.client.isEnding = true;
    this.#isEnding = true;
    this.destroy();
  }

  /** Runs nothing more, and ends the connection when the replies have been taken. */
  #finish(request?: Request): void {
    this.#forget(request);
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#since = this.#station.ticks;
    this.#station.outbox.write();
    if (!this.#outlet.isBlocked) this.#close();
  }

  /** Says that this was all. What still comes is read: to close over it would reset the connection, and lose replies. */
  #close(): void {
    this.#socket.end();
    this.#socket.resume();
  }

  #release(): void {
    if (!this.#holdsPlace) return;
    this.#holdsPlace = false;
    this.#station.limit.release();
  }
}
