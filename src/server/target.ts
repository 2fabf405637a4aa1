/**
 * Request targets that Hapi would read in its own way. It resolves dot segments, so that `/get/..` would be
 * answered by `/`; here `.` and `..` are keys like others.
 */
import type { Request } from '@hapi/hapi';

const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:[/?#]|$)/i;

/** Makes Hapi route by the path as it was sent. To be called before it routes. */
export function keepDotSegments(request: Request): void {
  const target = request.raw.req.url ?? '';
  if (!DOT_SEGMENT.test(target)) return;
  const mutable: { path: string } = request;
  mutable.path = rawPath(target);
}

/** The path of a target as it was sent, without scheme and authority should it have them. */
export function rawPath(target: string): string {
  const [beforeQuery = ''] = target.split(/[?#]/, 1);
  if (beforeQuery.startsWith('/')) return beforeQuery;
  return /^[a-z][a-z\d+.-]*:\/\/[^/]*(.*)$/i.exec(beforeQuery)?.[1] || '/';
}
