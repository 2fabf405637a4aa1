/** A cache over HTTP as a Node team writes it without a framework: `node:http` and lru-cache. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { ABSENT, ADDRESS, cache, MAX_VALUE_SIZE, TEXT } from './cache.js';

const READ = '/get/';
const WRITE = '/store/';

createServer((request, response) => {
  const { method, url = '' } = request;
  if (method === 'GET' && url.startsWith(READ)) read(url.slice(READ.length), response);
  else if (method === 'POST' && url.startsWith(WRITE)) write(url.slice(WRITE.length), request, response);
  else answer(response, 404, 'Not found');
}).listen(ADDRESS);

function read(path: string, response: ServerResponse): void {
  const key = decoded(path);
  const value = key === undefined ? undefined : cache.get(key);
  if (key === undefined) answer(response, 400, 'Bad key');
  else if (value === undefined) answer(response, 404, ABSENT);
  else answer(response, 200, value);
}

function write(path: string, request: IncomingMessage, response: ServerResponse): void {
  const key = decoded(path);
  if (key === undefined) {
    answer(response, 400, 'Bad key');
    return;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= MAX_VALUE_SIZE) chunks.push(chunk);
  });
  request.on('end', () => {
    if (length > MAX_VALUE_SIZE) {
      answer(response, 413, 'Too large');
      return;
    }
    cache.set(key, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    answer(response, 200, '');
  });
}

/** Undefined where it is no percent-encoded UTF-8. */
function decoded(path: string): string | undefined {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function answer(response: ServerResponse, status: number, body: string | Buffer): void {
  response.writeHead(status, { 'Content-Type': TEXT, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
