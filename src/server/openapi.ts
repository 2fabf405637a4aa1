/**
 * The OpenAPI document, made from the route table: what an endpoint declares beside its handlers, and what all of them
 * have in common. `HEAD` comes with `GET`, and `/v1` is a second server.
 */
import { z } from 'zod';
import { VERSION } from '../telemetry/stats.js';
import {
  ANSWER_HEADERS,
  type Answer,
  type AnswerHeader,
  failure,
  type QueryParameter,
} from './openapi-answers.js';
import { type Endpoint, type Operation, operationsOf, VERSION_PREFIX } from './routes/table.js';
import { keySchema } from './schemas.js';

type Json = { readonly [member: string]: unknown };

const DESCRIPTION =
  'A key-value cache. Values are bytes and come back as they went in; every answer has a `Content-Length`. Errors other ' +
  'than those described are JSON: `{"statusCode":…,"error":…,"message":…}`.';

/** Answers that have nothing to do with what a request is for. */
const COMMON = {
  badRequest: failure('The request is malformed: its key, a parameter, its path or its HTTP.'),
  notAllowed: failure('The path has other methods than the one of the request.', { allow: 'always' }),
  timeout: failure('The request was too long in coming.'),
  headersTooLarge: failure('The headers are larger than 16 KiB.'),
  failed: failure('Something went wrong in the server.'),
  unauthorized: failure('The server asks for a token, and this is none of its.', {
    'www-authenticate': 'always',
  }),
  forbidden: failure('The token allows to read only.'),
  tooMany: failure('The rate limit of the client address is reached.', {
    'retry-after': 'always',
    'ratelimit-limit': 'always',
    'ratelimit-remaining': 'always',
    'ratelimit-reset': 'always',
  }),
  unavailable: failure(
    'Too many requests are in flight and waiting, or the backing store is needed and out of reach.',
    { 'retry-after': 'always' },
  ),
} as const satisfies Readonly<Record<string, Answer>>;

type CommonAnswer = keyof typeof COMMON;

/** The document for these endpoints; plain data for JSON. */
export function openApiDocument(endpoints: readonly Endpoint[]): Json {
  const schemas = new Schemas();
  const paths = endpoints.map((endpoint): [string, Json] => [endpoint.path, pathItem(endpoint, schemas)]);
  const responses = Object.entries(COMMON).map(([name, answer]) => [name, answerObject(answer, schemas)]);
  return {
    openapi: '3.1.1',
    info: {
      title: 'hotshard',
      version: VERSION,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }, { url: VERSION_PREFIX, description: 'The same under a version.' }],
    paths: Object.fromEntries(paths),
    components: {
      schemas: schemas.components,
      responses: Object.fromEntries(responses),
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'Only where the server was started with `--auth-token` or `--read-only-token`.',
        },
      },
    },
  };
}

function pathItem(endpoint: Endpoint, schemas: Schemas): Json {
  const parameters = endpoint.path.includes('{key}')
    ? { parameters: [parameterObject('path', 'key', { schema: keySchema, isRequired: true }, schemas)] }
    : {};
  const operations = operationsOf(endpoint.methods).flatMap(([method, operation]) => {
    const described = operationObject(endpoint, operation, schemas);
    const entry: [string, Json] = [method.toLowerCase(), described];
    return method === 'GET' ? [entry, ['head', headOf(operation, described)] as [string, Json]] : [entry];
  });
  return { ...parameters, ...Object.fromEntries(operations) };
}

function operationObject(endpoint: Endpoint, operation: Operation, schemas: Schemas): Json {
  const { id, summary, query = {}, body, answers } = operation;
  const parameters = Object.entries(query).map(([name, parameter]) =>
    parameterObject('query', name, parameter, schemas),
  );
  return {
    operationId: id,
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            description: body.description,
            content: { [body.type]: { schema: schemas.of(body.schema) } },
          },
        }),
    responses: {
      ...mapValues(commonAnswers(endpoint, operation), (name) => ({
        $ref: `#/components/responses/${name}`,
      })),
      ...mapValues(answers, (answer) => answerObject(answer, schemas)),
    },
    // Without a token too: the server may have none.
    ...(endpoint.needsToken ? { security: [{}, { token: [] }] } : {}),
  };
}

/** `HEAD` has the headers of `GET`, and no content. */
function headOf({ id, summary }: Operation, get: Json): Json {
  const responses = get.responses as Readonly<Record<string, Json>>;
  return {
    ...get,
    operationId: `${id}Head`,
    summary: `${summary}: its headers alone`,
    responses: mapValues(responses, ({ content: _content, ...response }) => response),
  };
}

/** The names of the answers that an operation has in common with others, by status. */
function commonAnswers(
  { limits, needsToken }: Endpoint,
  { answers: own, writes }: Operation,
): Readonly<Record<number, CommonAnswer>> {
  const answers: Record<number, CommonAnswer> = {
    400: 'badRequest',
    405: 'notAllowed',
    408: 'timeout',
    431: 'headersTooLarge',
    500: 'failed',
    ...(needsToken ? { 401: 'unauthorized' } : {}),
    ...(writes === true ? { 403: 'forbidden' } : {}),
    ...(limits === 'common' ? { 429: 'tooMany', 503: 'unavailable' } : {}),
  };
  return Object.fromEntries(Object.entries(answers).filter(([status]) => !(status in own)));
}

function answerObject({ description, content, headers = {} }: Answer, schemas: Schemas): Json {
  return {
    description,
    ...(Object.keys(headers).length === 0 ? {} : { headers: headerObjects(headers, schemas) }),
    ...(content === undefined
      ? {}
      : { content: mapValues(content, (schema) => ({ schema: schemas.of(schema) })) }),
  };
}

function headerObjects(headers: NonNullable<Answer['headers']>, schemas: Schemas): Json {
  const entries = Object.entries(headers) as [AnswerHeader, 'always' | 'sometimes'][];
  return Object.fromEntries(
    entries.map(([name, presence]) => {
      const { description, schema } = ANSWER_HEADERS[name];
      return [name, { description, required: presence === 'always', schema: schemas.of(schema) }];
    }),
  );
}

function parameterObject(
  place: 'path' | 'query',
  name: string,
  { schema, isRequired }: QueryParameter,
  schemas: Schemas,
): Json {
  const { description, ...rest } = schemas.of(schema);
  return { name, in: place, required: isRequired, description, schema: rest };
}

/** Schemas of the document: those with a title are components, which the rest refers to. */
class Schemas {
  readonly components: Record<string, Json> = {};

  of(schema: z.ZodType): Json {
    const title = schema.meta()?.title;
    if (title === undefined) return plain(schema);
    this.components[title] ??= plain(schema);
    return { $ref: `#/components/schemas/${title}` };
  }
}

/** OpenAPI 3.1 speaks this dialect of JSON Schema by itself. */
function plain(schema: z.ZodType): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema);
  return rest;
}

function mapValues<Value, Result>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
