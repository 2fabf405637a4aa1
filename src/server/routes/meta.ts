/** What is said at the root, and the counters. */

import type { TieredCache } from '../../store/tiered.js';
import { EXPOSITION_TYPE } from '../../telemetry/exposition.js';
import type { Handler } from '../errors.js';
import { rawQuery } from '../query.js';
import { queryKey } from '../schemas.js';
import type { Endpoint } from './table.js';
import { TEXT, valueAnswer } from './value.js';

/** What the counters are read by. */
export interface Counters {
  /** What `/stats` answers. */
  readonly stats: () => object;
  /** What `/metrics` answers. */
  readonly metrics: () => string;
}

export function metaEndpoints(cache: TieredCache, { stats, metrics }: Counters): Endpoint[] {
  const root: Handler = (request, h) => {
    if (rawQuery(request.raw.req.url ?? '') === '') return h.response('Hello, World!').type(TEXT);
    const key = queryKey(request);
    if (key === undefined)
      return h.response("Missing 'key' parameter in the query string").code(400).type(TEXT);
    const found = cache.get(key);
    if (found instanceof Promise) return found.then((result) => valueAnswer(h, result, 'Key not found'));
    return valueAnswer(h, found, 'Key not found');
  };
  return [
    { path: '/', methods: { GET: root } },
    { path: '/stats', methods: { GET: (_request, h) => h.response(stats()) } },
    {
      path: '/metrics',
      methods: { GET: (_request, h) => h.response(metrics()).type(EXPOSITION_TYPE) },
    },
  ];
}
