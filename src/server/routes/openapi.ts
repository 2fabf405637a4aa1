/** `/openapi.json`: what all endpoints say of themselves, this one included. */
import { z } from 'zod';
import { JSON_TYPE } from '../client-error.js';
import { openApiDocument } from '../openapi.js';
import { jsonAnswer } from '../openapi-answers.js';
import type { Endpoint } from './table.js';

/** The endpoints, and the one that describes them. */
export function describedEndpoints(endpoints: readonly Endpoint[]): Endpoint[] {
  let text: string | undefined;
  const described: Endpoint[] = [
    ...endpoints,
    {
      path: '/openapi.json',
      limits: 'common',
      needsToken: true,
      methods: {
        GET: {
          handler: (_request, h) => {
            // Made when somebody asks: most workers are never asked.
            text ??= JSON.stringify(openApiDocument(described));
            return h.response(text).type(JSON_TYPE);
          },
          id: 'getDescription',
          summary: 'This document',
          answers: {
            200: jsonAnswer(
              'An OpenAPI document.',
              z.looseObject({ openapi: z.string(), paths: z.looseObject({}) }),
            ),
          },
        },
      },
    },
  ];
  return described;
}
