/**
 * Who is let in, before anything else about a request is looked at: clients that keep to the rate limit and show a token.
 * The rate comes first, so that it bounds how often tokens can be guessed.
 */
import { Boom, forbidden, tooManyRequests } from '@hapi/boom';
import type { Lifecycle, Request, ResponseToolkit } from '@hapi/hapi';
import type { Bucket, RateLimit, RateUsage } from '../../limits/rate.js';
import type { Access, Tokens } from '../../limits/tokens.js';
import { hasBody, refuseBody } from '../body.js';
import { ClientBuckets } from '../client-buckets.js';
import type { InFlight } from '../in-flight.js';
import { rawQuery } from '../query.js';
import { UNLIMITED_PATHS } from '../routes/health.js';
import { LOOKUP_PATHS, lookupUnavailable } from '../routes/lookup.js';
import { pathsOf } from '../routes/table.js';

declare module '@hapi/hapi' {
  interface RequestApplicationState {
    /** Absent: everything. */
    access?: Access;
  }
}

const ROOT_PATHS: ReadonlySet<string> = new Set(pathsOf('/'));

/** What costs the server much more than a read of a value. */
const REPORT_PATHS: ReadonlySet<string> = new Set(['/stats', '/metrics'].flatMap(pathsOf));

export interface AccessRules {
  /** Absent: nobody needs one. */
  readonly tokens?: Tokens | undefined;
  /** Absent: no limit. */
  readonly rate?: RateLimit | undefined;
  /** The narrower limit of what is asked for by people and monitoring. */
  readonly reportRate?: RateLimit | undefined;
}

/** The buckets are those of {@link AccessRules}, as the connections of one worker have them. */
export interface AccessBuckets {
  readonly requests: ClientBuckets | undefined;
  readonly reports: ClientBuckets | undefined;
}

export function bucketsOf({ rate, reportRate }: AccessRules): AccessBuckets {
  return {
    requests: rate && new ClientBuckets(rate),
    reports: reportRate && new ClientBuckets(reportRate),
  };
}

/** A step before the routes: undefined lets the request in, else it is the answer, which may be thrown. */
export type AccessStep = (
  request: Request,
  h: ResponseToolkit,
) => Promise<Lifecycle.ReturnValueTypes> | Lifecycle.ReturnValueTypes | undefined;

export function guardAccess(
  tokens: Tokens | undefined,
  { requests, reports }: AccessBuckets,
  inFlight: InFlight,
): AccessStep {
  const spent = (request: Request): Bucket | undefined => {
    const bucket = requests?.ofRequest(request.raw.req);
    if (bucket?.take() === false) return bucket;
    const report = REPORT_PATHS.has(request.path) ? reports?.ofRequest(request.raw.req) : undefined;
    return report?.take() === false ? report : undefined;
  };
  return (request, h) => {
    if (UNLIMITED_PATHS.has(request.path)) return undefined;
    const bucket = spent(request);
    if (bucket !== undefined) {
      const { usage } = bucket;
      return refuse(request, inFlight, () => tooMany(request, h, usage));
    }
    if (tokens?.required !== true || isOpen(request)) return undefined;
    const access = tokens.checkHeader(request.raw.req.headers.authorization);
    if (access === undefined) return refuse(request, inFlight, needsToken);
    if (access !== 'full') request.app.access = access;
    return undefined;
  };
}

/** What the token of a request allows. Where nobody needs one: everything. */
export function accessOf(request: Request): Access {
  return request.app.access ?? 'full';
}

/** @throws {Boom} 403 when the token of the request allows reading alone */
export function assertMayWrite(request: Request): void {
  if (accessOf(request) !== 'full') throw forbidden('this token allows reading alone');
}

/** The greeting. With a query the root reads values. */
function isOpen({ path, method, raw }: Request): boolean {
  const isRead = method === 'get' || method === 'head';
  return isRead && ROOT_PATHS.has(path) && rawQuery(raw.req.url ?? '') === '';
}

function refuse(
  request: Request,
  inFlight: InFlight,
  answer: () => Lifecycle.ReturnValueTypes,
): Promise<Lifecycle.ReturnValueTypes> | Lifecycle.ReturnValueTypes {
  // So that the request is found should its body turn out to be none.
  inFlight.admitUnlimited(request);
  return hasBody(request) ? refuseBody(request).then(answer) : answer();
}

function needsToken(): never {
  const error = new Boom('a bearer token is needed', { statusCode: 401 });
  error.output.headers['www-authenticate'] = 'Bearer';
  throw error;
}

/** The three fields that most clients know, of draft-ietf-httpapi-ratelimit-headers-06; later drafts have others. */
function tooMany(
  request: Request,
  h: ResponseToolkit,
  { limit, remaining, next, full }: RateUsage,
): Lifecycle.ReturnValueTypes {
  const retryAfter = Math.max(1, Math.ceil(next));
  if (LOOKUP_PATHS.has(request.path)) return lookupUnavailable(request, h, retryAfter).takeover();
  const error = tooManyRequests(`the limit of ${limit} requests per second is reached`);
  error.output.headers['retry-after'] = String(retryAfter);
  error.output.headers['ratelimit-limit'] = String(limit);
  error.output.headers['ratelimit-remaining'] = String(remaining);
  error.output.headers['ratelimit-reset'] = String(Math.max(1, Math.ceil(full)));
  throw error;
}
