/** The OpenAPI document as a test reads it, and an answer held against what it says. */
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { ANSWER_HEADERS } from '../../src/server/openapi-answers.js';

type Schema = Parameters<typeof z.fromJSONSchema>[0];

export interface ResponseObject {
  readonly $ref?: string;
  readonly headers?: Readonly<
    Record<string, { readonly required?: boolean | undefined; readonly schema: Schema }>
  >;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

export interface OperationObject {
  readonly operationId: string;
  readonly security?: readonly object[];
  readonly responses: Readonly<Record<string, ResponseObject>>;
}

export const METHODS = ['get', 'head', 'post', 'put', 'delete'] as const;

export interface Document {
  readonly [member: string]: unknown;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<
    Record<string, Readonly<Partial<Record<(typeof METHODS)[number], OperationObject>>>>
  >;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, ResponseObject>>;
  };
}

export interface LiveAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A response of an operation; undefined when the document has none for the status. */
export function responseFor(
  document: Document,
  operation: OperationObject,
  status: number,
): ResponseObject | undefined {
  const response = operation.responses[status];
  const component = response?.$ref?.split('/').at(-1);
  return component === undefined ? response : document.components.responses[component];
}

/** What an answer has that the document does not say, or has not and should, a line each. */
export function contradictions(
  document: Document,
  operation: OperationObject,
  answer: LiveAnswer,
  isHead: boolean,
): string[] {
  const response = responseFor(document, operation, answer.status);
  if (response === undefined) return [`status ${answer.status}`];
  const isValid = (schema: Schema, value: unknown): boolean => {
    const reference = typeof schema === 'object' ? schema.$ref?.split('/').at(-1) : undefined;
    const resolved = reference === undefined ? schema : document.components.schemas[reference];
    return resolved !== undefined && z.fromJSONSchema(resolved).safeParse(value).success;
  };
  const wrong: string[] = [];
  for (const name of Object.keys(ANSWER_HEADERS)) {
    const header = response.headers?.[name];
    const value = answer.headers[name];
    if (value === undefined) {
      if (header?.required === true) wrong.push(`no ${name}`);
    } else if (header === undefined) wrong.push(`${name} is not described`);
    else if (!isValid(header.schema, value) && !isValid(header.schema, Number(value))) {
      wrong.push(`${name}: ${value}`);
    }
  }
  if (isHead) return answer.text === '' ? wrong : [...wrong, 'a body'];
  if (response.content === undefined) return answer.text === '' ? wrong : [...wrong, 'a body'];
  const type = answer.headers['content-type'] ?? '';
  const content = response.content[type];
  if (content === undefined) return [...wrong, `content-type ${type}`];
  const body: unknown = type.startsWith('application/json') ? JSON.parse(answer.text) : answer.text;
  return isValid(content.schema, body) ? wrong : [...wrong, `body ${answer.text.slice(0, 200)}`];
}
