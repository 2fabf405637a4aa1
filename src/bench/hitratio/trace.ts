/**
 * Access traces: a stream of requests for keys, and the files they come in.
 *
 * A file is gzip of little-endian 32-bit words: "HST1", the number of requests, the number of keys, flags, then the id
 * of each request, then, with flag 1, the size in bytes of each key. Ids are dense and numbered by first appearance.
 * With flag 2 each id is the difference to the one before, modulo 2^32.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

export interface Trace {
  readonly name: string;
  /** The key of each request: a number below `keys`. */
  readonly requests: Uint32Array;
  /** Different keys. */
  readonly keys: number;
  /** Bytes of each key's value, where the trace knows them. */
  readonly sizes?: Uint32Array;
}

export const TRACE_SUFFIX = '.trace.gz';

const MAGIC = 0x31545348; // "HST1"
const HEADER_WORDS = 4;
const FLAG_SIZES = 1;
const FLAG_DIFFERENCES = 2;

/** @throws {Error} naming the file and what is wrong with it */
export function readTrace(path: string): Trace {
  return parseTrace(basename(path, TRACE_SUFFIX), readFileSync(path));
}

/** @throws {Error} naming the trace and what is wrong with it */
export function parseTrace(name: string, file: Uint8Array): Trace {
  const malformed = (what: string) => new Error(`trace ${name}: ${what}`);
  const words = wordsOf(name, file);
  const [magic, length = 0, keys = 0, flags = 0] = words;
  if (magic !== MAGIC) throw malformed('does not begin with "HST1"');
  if (words.length < HEADER_WORDS) throw malformed('ends within its header');
  const unknown = flags & ~(FLAG_SIZES | FLAG_DIFFERENCES);
  if (unknown !== 0) throw malformed(`has unknown flags ${unknown}`);
  const hasSizes = (flags & FLAG_SIZES) !== 0;
  const expected = HEADER_WORDS + length + (hasSizes ? keys : 0);
  if (words.length !== expected)
    throw malformed(`is ${words.length} words long, its header says ${expected}`);
  const sizesStart = HEADER_WORDS + length;
  const requests = words.slice(HEADER_WORDS, sizesStart);
  if ((flags & FLAG_DIFFERENCES) !== 0) sumUp(requests);
  const seen = countDense(requests);
  if (seen === undefined) throw malformed('has ids that are not numbered by first appearance');
  if (seen !== keys) throw malformed(`has ${seen} keys, its header says ${keys}`);
  return { name, requests, keys, ...(hasSizes && { sizes: words.slice(sizesStart) }) };
}

/** The file of a trace; its ids have to be numbered by first appearance. */
export function formatTrace({ requests, keys, sizes }: Trace): Uint8Array {
  const flags = FLAG_DIFFERENCES | (sizes === undefined ? 0 : FLAG_SIZES);
  const differences = requests.map((id, i) => id - (i === 0 ? 0 : requests[i - 1]));
  const words = [...[MAGIC, requests.length, keys, flags], ...differences, ...(sizes ?? [])];
  const bytes = new DataView(new ArrayBuffer(words.length * 4));
  for (const [i, word] of words.entries()) bytes.setUint32(i * 4, word, true);
  return gzipSync(new Uint8Array(bytes.buffer));
}

/** Any numbers as dense ids, numbered by first appearance. */
export function traceOf(name: string, numbers: Iterable<number>): Trace {
  const ids = new Map<number, number>();
  const requests = Uint32Array.from(numbers, (number) => {
    const known = ids.get(number);
    if (known !== undefined) return known;
    ids.set(number, ids.size);
    return ids.size - 1;
  });
  return { name, requests, keys: ids.size };
}

function wordsOf(name: string, file: Uint8Array): Uint32Array {
  let bytes: Uint8Array;
  try {
    bytes = gunzipSync(file);
  } catch (cause) {
    throw new Error(`trace ${name}: is not complete gzip`, { cause });
  }
  if (bytes.length % 4 !== 0) throw new Error(`trace ${name}: is not a whole number of 32-bit words`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}

function sumUp(differences: Uint32Array): void {
  for (let i = 1; i < differences.length; i++) differences[i] += differences[i - 1];
}

/** The number of keys; undefined when a new one's id is not the number of keys before it. */
function countDense(requests: Uint32Array): number | undefined {
  let keys = 0;
  for (const id of requests) {
    if (id > keys) return undefined;
    if (id === keys) keys++;
  }
  return keys;
}
