/**
 * One connection in the fast lane: bytes come in, answers go out in order, and with the first request that is not for
 * this lane the connection goes to the Hapi server, together with all bytes from that request on.
 *
 * - Requests are answered one after the other, so answers can't overtake each other. One that has to wait for the store
 *   behind the map holds up those behind it on its connection, and nobody else.
 * - A request's bytes stay as they came until it has been answered. So it can be handed over whole at any time.
 * - While the client does not take its answers nothing more is read from it: what it can make this end keep is bounded.
 */
import type { Socket } from 'node:net';
import { StoreUnavailableError } from '../../store/tiered.js';
import type { Sink } from '../outbox.js';
import { Admission } from './admission.js';
import type { Output } from './output.js';
import { Pending } from './pending.js';
import { Verdict } from './scan.js';
import type { Behind, Patience, Station } from './station.js';

/** Milliseconds in which a client must take something of what is written to it. */
const SILENCE_TIMEOUT = 60_000;

const NOTHING = Buffer.alloc(0);

export class Connection implements Sink {
  readonly #socket: Socket;
  readonly #station: Station;
  readonly #giveBack: () => void;
  readonly #pending = new Pending();
  /** How many of the pending bytes the first request has, once that is known. */
  #needed = 0;
  readonly #admission: Admission;
  /** The kernel has not taken everything that was written. */
  #isBlocked = false;
  /** The first of the pending requests waits for the store behind the map. */
  #isWaiting = false;
  /** The connection is the Hapi server's, or closed. */
  #isGone = false;
  /** The tick from which on a request, or the rest of one, has been waited for. */
  #since: number;
  readonly #onEnd = (): void => this.#end();
  readonly #onSilence = (): void => void this.#socket.destroy();

  /** @param giveBack has what is read from then on come by the socket as a stream */
  constructor(socket: Socket, station: Station, giveBack: () => void) {
    this.#socket = socket;
    this.#giveBack = giveBack;
    this.#station = station;
    this.#since = station.ticks;
    this.#admission = new Admission(station.limit, station.rate?.bucketOf(socket.remoteAddress));
    socket.on('end', this.#onEnd);
  }

  /** The first `length` of `bytes` have come. They are the next read's after this. */
  take(bytes: Uint8Array, length: number): void {
    if (this.isIdle) {
      // A request begins. For how long there was none before is another matter.
      this.#since = this.#station.ticks;
      const used = this.#serve(bytes, length);
      if (used < length && !this.#isGone) this.#pending.append(bytes, used, length, this.#needed);
    } else {
      this.#pending.append(bytes, 0, length, this.#needed);
      if (!this.#isBlocked && !this.#isWaiting && this.#pending.length >= this.#needed) this.#servePending();
    }
  }

  /** Whether there is neither a request nor an answer under way. */
  get isIdle(): boolean {
    return this.#pending.length === 0 && !this.#isBlocked;
  }

  /** Whether there is a request that came in, and whose answer the client does not have yet. */
  get isInFlight(): boolean {
    return this.#admission.holdsPlace || this.#isBlocked;
  }

  /** Ends the connection when what is waited for has taken too long. */
  check({ headers, request, keepAlive }: Patience): void {
    if (this.#isBlocked || this.#isWaiting || this.#isGone) return;
    const socket = this.#socket;
    const waited = this.#station.ticks - this.#since;
    if (this.#pending.length === 0 && socket.bytesRead > 0) {
      if (waited > keepAlive) socket.destroy();
    } else if (waited > (this.#needed > 0 ? request : headers)) this.#refuse('ERR_HTTP_REQUEST_TIMEOUT');
  }

  /**
   * Closes the connection when it has nothing under way.
   *
   * @param evenUnused also when nothing has come by it yet
   */
  closeIdle(evenUnused: boolean): void {
    const isMeant = evenUnused || this.#socket.bytesRead > 0;
    if (isMeant && this.isIdle && !this.#isGone) this.#socket.destroy();
  }

  /** The socket has closed. */
  close(): void {
    this.#isGone = true;
    this.#pending.clear();
    this.#admission.release();
  }

  /** Serves what was kept. */
  #servePending(): void {
    const { bytes, length } = this.#pending;
    const used = this.#serve(bytes, length);
    if (used === 0 || this.#isGone) return;
    this.#pending.clear();
    if (used < length) this.#pending.append(bytes, used, length, this.#needed);
  }

  /**
   * Answers the requests that are complete, and hands over the first that is not for this lane.
   *
   * @returns bytes that were used; the others are the beginning of a request, or wait for the client or the store
   */
  #serve(bytes: Uint8Array, end: number): number {
    const station = this.#station;
    const { output } = station;
    const began = station.stopwatch.begin();
    output.begin(this);
    let at = 0;
    let requests = 0;
    let isUnsure = station.isRetired;
    let unanswered: Verdict | undefined;
    this.#needed = 0;
    while (at < end && !isUnsure && !this.#isBlocked) {
      const verdict = station.scan.look(bytes, at, end);
      if (verdict === Verdict.MORE_HEAD) break;
      if (verdict === Verdict.UNSURE || !this.#admits()) isUnsure = true;
      else if (verdict !== Verdict.MORE_BODY && this.#answer(verdict, bytes)) {
        at = station.scan.end;
        requests++;
        this.#admission.end();
      } else if (this.#admission.takePlace()) {
        // It waits for the rest of its body, or for the store. Without a place it does so with the Hapi server.
        this.#needed = station.scan.end - at;
        if (verdict !== Verdict.MORE_BODY) unanswered = verdict;
        break;
      } else isUnsure = true;
    }
    output.end();
    if (requests > 0) station.countServed(requests, began);
    if (at > 0) this.#since = station.ticks;
    if (isUnsure) this.#handOver(bytes, at, end);
    else if (this.#isBlocked) return at;
    else if (unanswered !== undefined) void this.#ask(unanswered, bytes);
    else if (this.#needed === 0) this.#admission.release();
    return at;
  }

  /** Whether the request that the scan has found may come in: body, concurrency and rate are within their limits. */
  #admits(): boolean {
    const { scan, maxBodySize } = this.#station;
    return scan.end - scan.bodyStart <= maxBodySize && this.#admission.admits();
  }

  /** Answers the request that the scan has found. False: nothing was done, and the cache has to be asked. */
  #answer(verdict: Verdict, bytes: Uint8Array): boolean {
    const { scan, output, cache } = this.#station;
    const { key, keyStart, keyEnd } = scan;
    switch (verdict) {
      case Verdict.READ:
        return output.value(cache, key, keyStart, keyEnd, scan.isHead);
      case Verdict.STORE:
        if (!cache.writeFrom(key, keyStart, keyEnd, bytes, scan.bodyStart, scan.end, scan.ttl)) return false;
        output.stored();
        return true;
      default:
        output.greeting(scan.isHead);
        return true;
    }
  }

  /** Asks the cache about the request that the scan has found, and answers it when the cache does. */
  async #ask(verdict: Verdict, bytes: Uint8Array): Promise<void> {
    const { scan, cache } = this.#station;
    const { isHead, ttl } = scan;
    const isStore = verdict === Verdict.STORE;
    const began = performance.now();
    // What the scan has found will be overwritten, and so may be what was read.
    const key = Buffer.from(scan.key.subarray(scan.keyStart, scan.keyEnd));
    const value = Buffer.from(bytes.subarray(scan.bodyStart, scan.end));
    this.#isWaiting = true;
    this.#socket.pause();
    this.#station.countRequests(1);
    // The request's bytes are kept first: what the cache refuses at once is handed over, too.
    await undefined;
    if (this.#isGone) return;
    try {
      if (isStore) {
        await cache.set(key, value, ttl);
        this.#settle(began, (output) => output.stored());
      } else {
        const result = await cache.get(key);
        this.#settle(began, (output) => output.found(result, isHead));
      }
    } catch (error) {
      if (error instanceof StoreUnavailableError) {
        this.#settle(began, (output) => output.unavailable(error, isHead, isStore));
        this.#station.countError();
      } else if (!this.#isGone) {
        // The Hapi server has the words for what else there is. It asks again, and counts again.
        this.#station.countRequests(-1);
        this.#handOver(this.#pending.bytes, 0, this.#pending.length);
      }
    }
  }

  /** Answers the request that has waited, and goes on with those behind it. */
  #settle(began: number, answer: (output: Output) => void): void {
    if (this.#isGone) return;
    const station = this.#station;
    const { output } = station;
    this.#isWaiting = false;
    this.#admission.end();
    output.begin(this);
    answer(output);
    output.end();
    station.countWaited(began);
    this.#since = station.ticks;
    this.#pending.drop(this.#needed);
    this.#needed = 0;
    if (!this.#isBlocked) this.#goOn();
  }

  /** Serves what has been kept, and reads again when that does not have to wait for anything. */
  #goOn(): void {
    if (this.#pending.length > 0) this.#servePending();
    else this.#admission.release();
    if (!this.#isBlocked && !this.#isWaiting && !this.#isGone) this.#socket.resume();
  }

  /** For the outbox. Stops reading when the client does not take its answers, until it has. */
  send(bytes: Uint8Array, whenSent?: () => void): boolean {
    const socket = this.#socket;
    if (socket.destroyed) return true;
    socket.write(bytes);
    if (socket.writableLength === 0) return true;
    if (!this.#isBlocked && !this.#isGone) this.#block();
    // A mark behind what was written: it is through when everything before it is.
    socket.write(NOTHING, () => {
      whenSent?.();
      this.#unblock();
    });
    return false;
  }

  #block(): void {
    this.#isBlocked = true;
    // An answer on its way counts as a request in flight, if there is a place.
    this.#admission.takePlace();
    this.#socket.pause();
    this.#socket.setTimeout(SILENCE_TIMEOUT, this.#onSilence);
  }

  #unblock(): void {
    const socket = this.#socket;
    if (this.#isGone || socket.destroyed || socket.writableLength > 0) return;
    this.#isBlocked = false;
    this.#since = this.#station.ticks;
    socket.setTimeout(0, this.#onSilence);
    if (!this.#isWaiting) this.#goOn();
  }

  #handOver(bytes: Uint8Array, start: number, end: number): void {
    // The Hapi server asks again.
    this.#admission.giveBack();
    this.#leave();
    if (start < end) this.#socket.unshift(Buffer.from(bytes.subarray(start, end)));
    this.#station.behind.handOver(this.#socket);
  }

  #refuse(code: Parameters<Behind['refuse']>[1]): void {
    // What had its headers was a request.
    if (this.#needed > 0) this.#station.countRefused();
    this.#leave();
    this.#station.behind.refuse(this.#socket, code);
  }

  #leave(): void {
    this.#isGone = true;
    // Whoever has the connection next writes behind the answers.
    this.#station.output.flush();
    this.#giveBack();
    this.#pending.clear();
    this.#admission.release();
    this.#socket.removeListener('end', this.#onEnd);
    this.#socket.setTimeout(0, this.#onSilence);
  }

  /** The client has said its last. */
  #end(): void {
    if (this.#pending.length > 0) this.#refuse('HPE_INVALID_EOF_STATE');
    else {
      this.#station.output.flush();
      this.#socket.end();
    }
  }
}
