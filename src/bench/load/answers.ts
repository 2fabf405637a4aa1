/** Where an answer ends, and what it says, in the protocols of the servers that are compared. */

export interface Head {
  /** Of HTTP, or what HTTP would say. */
  readonly status: number;
  /** Of head, body and what ends it, in bytes. */
  readonly length: number;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** Whether the server ends the connection after this answer. */
  readonly closes: boolean;
}

/** @returns undefined until so much is there that its length is known */
export type ReadHead = (bytes: Buffer) => Head | undefined;

const END_OF_HEAD = '\r\n\r\n';
const END_OF_LINE = '\r\n';
const STATUS_START = 'HTTP/1.1 '.length;
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const CLOSE = /\r\nconnection: *close/i;
const OK = 200;
const NO_CONTENT = 204;
const NOT_FOUND = 404;
const FAILED = 500;

/** Throws when the answer has no Content-Length. */
export function httpHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end === -1) return undefined;
  const text = bytes.toString('latin1', 0, end);
  const status = Number(text.slice(STATUS_START, STATUS_START + 3));
  const length = status === NO_CONTENT ? 0 : Number(CONTENT_LENGTH.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(length)) throw new Error(`an answer without Content-Length: ${text}`);
  const bodyStart = end + END_OF_HEAD.length;
  const bodyEnd = bodyStart + length;
  return { status, length: bodyEnd, bodyStart, bodyEnd, closes: CLOSE.test(text) };
}

/** RESP2: bulk strings are values, or none; other lines are as good as they begin. */
export function respHead(bytes: Buffer): Head | undefined {
  const line = firstLine(bytes);
  if (line === undefined) return undefined;
  const bodyStart = line.length + END_OF_LINE.length;
  if (!line.startsWith('$')) return headOf(line.startsWith('-') ? FAILED : OK, bodyStart, 0, 0);
  const length = Number(line.slice(1));
  if (length < 0) return headOf(NOT_FOUND, bodyStart, 0, 0);
  return headOf(OK, bodyStart, length, END_OF_LINE.length);
}

const VALUE_END = '\r\nEND\r\n';

/** Memcached's text protocol: `VALUE` with a block of data, `END`, `STORED`. */
export function memcachedHead(bytes: Buffer): Head | undefined {
  const line = firstLine(bytes);
  if (line === undefined) return undefined;
  const bodyStart = line.length + END_OF_LINE.length;
  if (line.startsWith('VALUE '))
    return headOf(OK, bodyStart, Number(line.slice(line.lastIndexOf(' ') + 1)), VALUE_END.length);
  if (line === 'END') return headOf(NOT_FOUND, bodyStart, 0, 0);
  return headOf(line === 'STORED' ? OK : FAILED, bodyStart, 0, 0);
}

function firstLine(bytes: Buffer): string | undefined {
  const end = bytes.indexOf(END_OF_LINE);
  return end === -1 ? undefined : bytes.toString('latin1', 0, end);
}

function headOf(status: number, bodyStart: number, bodyLength: number, tail: number): Head {
  const bodyEnd = bodyStart + bodyLength;
  return { status, length: bodyEnd + tail, bodyStart, bodyEnd, closes: false };
}
