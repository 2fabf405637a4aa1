/** Which requests have come by HTTP/2: Hapi, and so its types, know those of HTTP/1.1 alone. */
import { IncomingMessage } from 'node:http';

/** Whether one has. The version that it names does not tell: over HTTP/1.1 that is whatever a client has written. */
export function isHttp2(request: IncomingMessage): boolean {
  return !(request instanceof IncomingMessage);
}
