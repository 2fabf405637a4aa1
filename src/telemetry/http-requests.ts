/** What a request over HTTP is counted as, told by its method and its target. */
import type { Operation, Status } from './requests.js';

/** What follows an optional `/v1`, up to what says no more about the operation. */
const TARGET = /^(?:\/v1(?=[/?]))?\/?(get\/|store\/|lookup(?![^?])|\?(?=.))?/;

export function httpOperation(method: string, target: string): Operation<'http1'> {
  const [, part] = TARGET.exec(target) ?? [];
  const isRead = method === 'GET' || method === 'HEAD';
  if (part === 'lookup') return isRead ? 'lookup' : 'other';
  if (part === 'store/') {
    if (method === 'POST' || method === 'PUT') return 'set';
    return method === 'DELETE' ? 'delete' : 'other';
  }
  return part !== undefined && isRead ? 'get' : 'other';
}

/** What Hapi calls the status of a request whose client has gone. */
const CLIENT_GONE = 499;

/** @param code of the answer; 0 when there is none */
export function httpStatus(code: number): Status<'http1'> {
  if (code === 0 || code === CLIENT_GONE) return 'none';
  if (code >= 500) return '5xx';
  return code >= 400 ? '4xx' : '2xx';
}
