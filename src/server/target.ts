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

/** Where keys are, as Hapi has it: with letters and digits decoded. */
const KEYED_PATH = /^(?:\/v1)?\/(?:get|store)\/(?=[^/]+$)/;

/**
 * Has Hapi route a path whose key can't be decoded as if the key were empty. That is 400 too, but only for who may ask and by
 * the right method; Hapi itself would answer before its routes have seen the request. To be called before it routes.
 */
export function routeUndecodableKey(request: Request): void {
  // Not the pattern's to look for: of many it would try each, in time by the square of how many.
  if (!request.path.includes('%')) return;
  const [withoutKey] = KEYED_PATH.exec(request.path) ?? [];
  if (withoutKey === undefined) return;
  try {
    decodeURIComponent(request.path.slice(withoutKey.length));
  } catch {
    const mutable: { path: string } = request;
    mutable.path = withoutKey;
  }
}

/** The path of a target as it was sent, without scheme and authority should it have them. */
export function rawPath(target: string): string {
  const [beforeQuery = ''] = target.split(/[?#]/, 1);
  if (beforeQuery.startsWith('/')) return beforeQuery;
  return /^[a-z][a-z\d+.-]*:\/\/[^/]*(.*)$/i.exec(beforeQuery)?.[1] || '/';
}
