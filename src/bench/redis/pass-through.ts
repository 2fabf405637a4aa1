/**
 * What a Node team would write instead: HTTP in front of Redis without a cache, by `node:http` and one ioredis connection
 * that puts the commands of one turn of the event loop into one write. Arguments: its own port, and that of Redis.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Redis } from 'ioredis';

const READ = '/get/';
const WRITE = '/store/';

const [port, redisPort] = process.argv.slice(2).map(Number);
const redis = new Redis(redisPort, '127.0.0.1', { enableAutoPipelining: true, noDelay: true });

createServer((request, response) => {
  const { method, url = '' } = request;
  if (method === 'GET' && url.startsWith(READ)) read(url.slice(READ.length), response);
  else if (method === 'POST' && url.startsWith(WRITE)) write(url.slice(WRITE.length), request, response);
  else answer(response, 404, 'Not found');
}).listen(port, '127.0.0.1');

function read(path: string, response: ServerResponse): void {
  redis.getBuffer(decodeURIComponent(path)).then(
    (value) => {
      if (value === null) answer(response, 404, 'No value found for key');
      else answer(response, 200, value);
    },
    () => answer(response, 503, 'Redis did not answer'),
  );
}

function write(path: string, request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    redis.set(decodeURIComponent(path), chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)).then(
      () => answer(response, 200, ''),
      () => answer(response, 503, 'Redis did not answer'),
    );
  });
}

function answer(response: ServerResponse, status: number, body: string | Buffer): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}
