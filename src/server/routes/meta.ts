/** What is said at the root, and the counters. */
import { z } from 'zod';
import { EXPOSITION_TYPE } from '../../telemetry/exposition.js';
import type { HotKeys } from '../../telemetry/hot-keys.js';
import { JSON_TYPE } from '../client-error.js';
import type { Handler } from '../errors.js';
import { errorSchema, jsonAnswer, NO_STRING, TEXT, textAnswer, VALUE_FOUND } from '../openapi-answers.js';
import { statsSchema } from '../openapi-stats.js';
import { awaitPlace, readFor, type ServedCache } from '../place.js';
import { rawQuery } from '../query.js';
import { hotSchema, keySchema, queryHot, queryKey } from '../schemas.js';
import type { Endpoint, Operation } from './table.js';
import { valueAnswer } from './value.js';

const NO_KEY = "Missing 'key' parameter in the query string";
const ABSENT = 'Key not found';

/** What the counters are read by. */
export interface Counters {
  /** What `/stats` answers. */
  readonly stats: () => object;
  /** What it answers besides, for `?hot`. */
  readonly hotKeys: Pick<HotKeys, 'report'>;
  /** What `/metrics` answers. */
  readonly metrics: () => string;
}

/** @param runCommand what `POST /` does */
export function metaEndpoints(
  cache: ServedCache,
  { stats, metrics, hotKeys }: Counters,
  runCommand: Operation,
): Endpoint[] {
  const root: Handler = (request, h) => {
    if (rawQuery(request.raw.req.url ?? '') === '') return h.response('Hello, World!').type(TEXT);
    const key = queryKey(request);
    if (key === undefined) return h.response(NO_KEY).code(400).type(TEXT);
    const found = readFor(request, cache, key);
    if (found instanceof Promise) return found.then((result) => valueAnswer(h, result, ABSENT));
    return valueAnswer(h, found, ABSENT);
  };
  return [
    {
      path: '/',
      limits: 'common',
      needsToken: true,
      methods: {
        GET: {
          handler: root,
          id: 'getRoot',
          summary: 'A greeting, or with a key its value',
          query: { key: { schema: keySchema, isRequired: false } },
          answers: {
            200: {
              ...VALUE_FOUND,
              description: 'The greeting, or with a key the bytes of its value.',
              headers: { 'x-cache': 'sometimes' },
            },
            400: {
              description: 'The query has no key, or what it has is none.',
              content: { [TEXT]: z.literal(NO_KEY), [JSON_TYPE]: errorSchema },
            },
            404: textAnswer('The key has no value.', z.literal(ABSENT)),
            409: NO_STRING,
          },
        },
        POST: runCommand,
      },
    },
    {
      path: '/stats',
      limits: 'common',
      needsToken: true,
      methods: {
        GET: {
          handler: async (request, h) => {
            const most = queryHot(request);
            if (most === undefined) return h.response(stats());
            await awaitPlace(request);
            const hot = await hotKeys.report(most);
            return h.response({ ...stats(), ...hot });
          },
          id: 'getStats',
          summary: 'Counters of the whole process',
          query: { hot: { schema: hotSchema, isRequired: false } },
          answers: { 200: jsonAnswer('The counters.', statsSchema) },
        },
      },
    },
    {
      path: '/metrics',
      limits: 'common',
      needsToken: true,
      methods: {
        GET: {
          handler: (_request, h) => h.response(metrics()).type(EXPOSITION_TYPE),
          id: 'getMetrics',
          summary: 'Counters of the whole process, for Prometheus',
          answers: { 200: { description: 'The counters.', content: { [EXPOSITION_TYPE]: z.string() } } },
        },
      },
    },
  ];
}
