/** What orchestrators ask: is the process alive, and does it want traffic. Neither looks at the cache. */
import type { ProcessState } from '../../telemetry/process-state.js';
import { type Endpoint, pathsOf } from './table.js';

/** Paths that are answered whatever limits are reached. */
export const UNLIMITED_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz'].flatMap(pathsOf));

export function healthEndpoints(state: ProcessState): Endpoint[] {
  return [
    {
      path: '/healthz',
      methods: { GET: (_request, h) => h.response('ok').type('text/plain; charset=utf-8') },
    },
    {
      path: '/readyz',
      methods: {
        GET: (_request, h) => {
          const { phase } = state;
          return h
            .response(phase)
            .code(phase === 'serving' ? 200 : 503)
            .type('text/plain; charset=utf-8');
        },
      },
    },
  ];
}
