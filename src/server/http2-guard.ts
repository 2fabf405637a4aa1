/**
 * Ends HTTP/2 sessions that keep the server busy with frames which cost their sender next to nothing: streams opened
 * and reset at once (CVE-2023-44487), pings (CVE-2019-9512) and settings (CVE-2019-9515). Node and nghttp2 limit some of
 * them, in ways that differ between versions, and none while the client reads what is sent back; here they all come out of
 * one budget. What they do limit in every version that hotshard runs on: CONTINUATION frames, the pairs and bytes of headers,
 * empty and invalid frames, and streams beyond those allowed.
 */
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';

/**
 * Such frames that a session may send at once, and per second in the long run. Of resets nghttp2 takes 1,000 at once: then
 * it says goodbye, but Node keeps the connection, so this has to come first.
 */
const BURST = 500;
const PER_SECOND = 100;

export class SessionGuard {
  readonly #session: ServerHttp2Session;
  #openStreams = 0;
  #left = BURST;
  #countedAt = performance.now();

  constructor(session: ServerHttp2Session) {
    this.#session = session;
    const spend = (): void => this.#spend();
    session.on('ping', spend);
    session.on('remoteSettings', spend);
    session.on('stream', (stream: ServerHttp2Stream) => this.#onStream(stream));
  }

  /** Requests in flight. */
  get openStreams(): number {
    return this.#openStreams;
  }

  #onStream(stream: ServerHttp2Stream): void {
    this.#openStreams++;
    // What goes wrong with it has ended it, and concerns nobody else; unheard, it would end the worker.
    stream.on('error', () => {});
    // Reset without an error, a stream would wait for its answer to be taken, without a time limit.
    stream.once('end', () => {
      if (stream.closed) stream.destroy();
    });
    stream.once('close', () => {
      this.#openStreams--;
      // Also when it had been answered by then: the answer was made for nothing.
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) this.#spend();
    });
  }

  #spend(): void {
    this.#left -= 1;
    if (this.#left >= 0 || this.#session.destroyed) return;
    const now = performance.now();
    const earned = Math.floor(((now - this.#countedAt) / 1000) * PER_SECOND);
    this.#left = Math.min(BURST, this.#left + earned);
    this.#countedAt = now;
    if (this.#left < 0) {
      this.#session.destroy(new Error('too many frames of no use'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }
}
