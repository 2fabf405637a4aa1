/**
 * The words in which endpoints say what they answer, for the OpenAPI document: a status, what it means, its headers and
 * its content by media type. What schemas they share with each other is here too.
 */
import { z } from 'zod';
import { JSON_TYPE } from './client-error.js';

export const TEXT = 'text/plain; charset=utf-8';

/** Headers of answers that tell a client something about the answer. */
export const ANSWER_HEADERS = {
  'x-cache': {
    description:
      'Where the value came from: the shared map; what stands behind it; or the map, past the time of the value, ' +
      'because what stands behind it is out of reach.',
    schema: z.enum(['hit', 'miss', 'stale']),
  },
  'retry-after': {
    description: 'Seconds after which it is worth trying again.',
    schema: z.int().min(0),
  },
  'ratelimit-limit': { description: 'Requests that are allowed in a second.', schema: z.int().min(1) },
  'ratelimit-remaining': { description: 'Requests that would be answered now.', schema: z.int().min(0) },
  'ratelimit-reset': {
    description: 'Seconds after which all of a second would be answered again.',
    schema: z.int().min(1),
  },
  allow: { description: 'The methods of the path, separated by commas.', schema: z.string() },
  'www-authenticate': { description: 'How to say who asks.', schema: z.string() },
} as const;

export type AnswerHeader = keyof typeof ANSWER_HEADERS;

/** What one status of an operation means. */
export interface Answer {
  readonly description: string;
  /** Schemas by media type; absent: the body is empty. */
  readonly content?: Readonly<Record<string, z.ZodType>>;
  readonly headers?: Readonly<Partial<Record<AnswerHeader, 'always' | 'sometimes'>>>;
}

/** Answers by status. */
export type Answers = Readonly<Record<number, Answer>>;

/** A parameter of the query string. */
export interface QueryParameter {
  readonly schema: z.ZodType;
  readonly isRequired: boolean;
}

/** Any bytes; to JSON Schema, which knows none, they are whatever can be. */
export const bytesSchema = z.unknown();

/** What Hapi's errors look like. */
export const errorSchema = z
  .strictObject({ statusCode: z.int(), error: z.string(), message: z.string() })
  .meta({ title: 'Error', description: 'An error: its status, the status in words, and what is wrong.' });

/** An error in Hapi's form. */
export function failure(description: string, headers: NonNullable<Answer['headers']> = {}): Answer {
  return { description, content: { [JSON_TYPE]: errorSchema }, headers };
}

/** A value as it was stored. */
export const VALUE_FOUND: Answer = {
  description: 'The bytes of the value, as they were stored.',
  content: { [TEXT]: bytesSchema },
  headers: { 'x-cache': 'always' },
};

/** One text. */
export function textAnswer(description: string, text: z.ZodType<string>): Answer {
  return { description, content: { [TEXT]: text } };
}

/** JSON of one form. */
export function jsonAnswer(description: string, schema: z.ZodType): Answer {
  return { description, content: { [JSON_TYPE]: schema } };
}

export const NO_STRING = failure('What the backing store has under the key is no string.');
