/** What orchestrators ask: is the process alive, and does it want traffic. Neither looks at the cache. */
import { z } from 'zod';
import type { ProcessState } from '../../telemetry/process-state.js';
import { TEXT, textAnswer } from '../openapi-answers.js';
import { type Endpoint, pathsOf } from './table.js';

/** Paths that are answered whatever limits are reached. */
export const UNLIMITED_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz'].flatMap(pathsOf));

export function healthEndpoints(state: ProcessState): Endpoint[] {
  return [
    {
      path: '/healthz',
      limits: 'none',
      needsToken: false,
      methods: {
        GET: {
          handler: (_request, h) => h.response('ok').type(TEXT),
          id: 'getHealth',
          summary: 'Whether the process is alive',
          answers: { 200: textAnswer('It is.', z.literal('ok')) },
        },
      },
    },
    {
      path: '/readyz',
      limits: 'none',
      needsToken: false,
      methods: {
        GET: {
          handler: (_request, h) => {
            const { phase } = state;
            return h
              .response(phase)
              .code(phase === 'serving' ? 200 : 503)
              .type(TEXT);
          },
          id: 'getReadiness',
          summary: 'Whether the server wants traffic',
          answers: {
            200: textAnswer('It does.', z.literal('serving')),
            503: textAnswer('It does not.', z.enum(['starting', 'loading', 'draining'])),
          },
        },
      },
    },
  ];
}
