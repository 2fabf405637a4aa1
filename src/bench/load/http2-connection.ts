/** One connection of HTTP/2 with prior knowledge that is kept open, with one stream at a time. */
import { type ClientHttp2Session, connect } from 'node:http2';
import { type Answered, type LoadConnection, NO_ANSWER, type RequestBytes } from './connection.js';

export class Http2Connection implements LoadConnection {
  readonly #url: string;
  #session: ClientHttp2Session | undefined;

  constructor(port: number, host = '127.0.0.1') {
    this.#url = `http://${host}:${port}`;
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const session = this.#connect();
      session.once('connect', () => resolve());
      session.once('error', reject);
    });
  }

  /** @param request its text is the method, a blank and the path; where it writes, a line feed and the value follow */
  send({ text, body }: RequestBytes, answered: Answered): void {
    const lineEnd = text.indexOf('\n');
    const isWrite = lineEnd !== -1;
    const line = isWrite ? text.slice(0, lineEnd) : text;
    const blank = line.indexOf(' ');
    const headers = { ':method': line.slice(0, blank), ':path': line.slice(blank + 1) };
    const stream = (this.#session ?? this.#connect()).request(headers, { endStream: !isWrite });
    let status = NO_ANSWER;
    let isOver = false;
    const chunks: Buffer[] = [];
    const finish = (outcome: number): void => {
      if (isOver) return;
      isOver = true;
      answered(outcome, Buffer.concat(chunks));
    };
    stream.on('response', (answer) => {
      status = Number(answer[':status']);
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => finish(status));
    stream.on('error', () => {}); // 'close' follows
    stream.on('close', () => finish(NO_ANSWER));
    if (isWrite) stream.end(body === undefined ? text.slice(lineEnd + 1) : body[0]);
  }

  close(): void {
    this.#session?.destroy();
  }

  #connect(): ClientHttp2Session {
    const session = connect(this.#url);
    this.#session = session;
    session.on('error', () => {}); // 'close' follows
    session.on('close', () => {
      if (this.#session === session) this.#session = undefined;
    });
    return session;
  }
}
