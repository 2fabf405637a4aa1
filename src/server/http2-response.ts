/** The answers of HTTP/2 as Hapi writes them, which knows HTTP/1.1 alone. */
import { Http2ServerResponse } from 'node:http2';

export class Http2Response extends Http2ServerResponse {
  /** Leaves out `connection`, which HTTP/2 does not have: Node would leave it out too, and warn of it on the console. */
  override setHeader(name: string, value: number | string | readonly string[]): void {
    if (name !== 'connection') super.setHeader(name, value);
  }
}
