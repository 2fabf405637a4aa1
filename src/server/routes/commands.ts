/** Redis commands over HTTP, in the form of Upstash's REST interface. */
import type { Lifecycle, Request, ResponseToolkit } from '@hapi/hapi';
import { z } from 'zod';
import type { JsonAsker, JsonCommands, JsonResult } from '../../commands/json-commands.js';
import { readBody } from '../body.js';
import { JSON_TYPE } from '../client-error.js';
import type { Handler } from '../errors.js';
import { failure, jsonAnswer } from '../openapi-answers.js';
import { awaitPlace } from '../place.js';
import { accessOf } from '../plugins/access.js';
import { type Endpoint, type Operation, pathsOf } from './table.js';

/** Where bodies are commands. */
export const COMMAND_PATHS: ReadonlySet<string> = new Set(['/', '/pipeline', '/multi-exec'].flatMap(pathsOf));

/** How much longer than the largest value a body may be at least, for commands with many words. */
const LEAST_BODY = 16 * 1024 * 1024;
/** JSON may need six bytes for one of a value. */
const MOST_BYTES_PER_BYTE = 6;

const wordSchema = z.union([z.string(), z.number(), z.boolean()]);
const commandSchema = z.array(wordSchema).min(1);
const commandsSchema = z.array(commandSchema);

const resultSchema = z
  .union([z.strictObject({ result: z.unknown() }), z.strictObject({ error: z.string() })])
  .meta({ title: 'Result', description: 'What a command came to.' });
const resultsSchema = z.array(resultSchema);
const errorSchema = z.strictObject({ error: z.string() }).meta({ title: 'CommandError' });

type RunCommands = (body: string, asker: JsonAsker) => Promise<JsonResult>;

export interface CommandEndpoints {
  /** `POST /`. */
  readonly root: Operation;
  readonly others: readonly Endpoint[];
}

/**
 * Largest body of commands in bytes.
 *
 * @param maxValueSize largest value in bytes
 */
export function largestCommandBody(maxValueSize: number): number {
  return LEAST_BODY + MOST_BYTES_PER_BYTE * maxValueSize;
}

/** @param maxValueSize largest value in bytes */
export function commandEndpoints(commands: JsonCommands, maxValueSize: number): CommandEndpoints {
  const limit = largestCommandBody(maxValueSize);
  const operation = (
    id: string,
    summary: string,
    schema: z.ZodType,
    result: z.ZodType,
    run: RunCommands,
  ): Operation => ({
    handler: handlerOf(run, limit),
    id,
    summary,
    body: { description: 'Words of a command are strings, numbers or booleans.', type: JSON_TYPE, schema },
    answers: {
      200: jsonAnswer('What came of it.', result),
      400: jsonAnswer('The command failed, or the body is no command.', errorSchema),
      413: failure('The body is too large.'),
    },
  });
  const run = operation('runCommand', 'Runs a Redis command', commandSchema, resultSchema, (body, asker) =>
    commands.run(body, asker),
  );
  const pipeline = operation(
    'runCommands',
    'Runs Redis commands one after the other',
    commandsSchema,
    resultsSchema,
    (body, asker) => commands.runAll(body, asker),
  );
  const transaction = operation(
    'runTransaction',
    'Runs Redis commands as a transaction',
    commandsSchema,
    resultsSchema,
    (body, asker) => commands.runTransaction(body, asker),
  );
  return {
    root: run,
    others: [endpointOf('/pipeline', pipeline), endpointOf('/multi-exec', transaction)],
  };
}

function endpointOf(path: string, operation: Operation): Endpoint {
  return { path, limits: 'common', needsToken: true, methods: { POST: operation } };
}

function handlerOf(run: RunCommands, limit: number): Handler {
  return async (request: Request, h: ResponseToolkit): Promise<Lifecycle.ReturnValueTypes> => {
    const body = await readBody(request, limit, 'a body');
    await awaitPlace(request);
    const { json, isError } = await run(body.toString(), {
      address: request.info.remoteAddress,
      access: accessOf(request),
      isBase64: request.raw.req.headers['upstash-encoding'] === 'base64',
    });
    return h
      .response(json)
      .type(JSON_TYPE)
      .code(isError ? 400 : 200);
  };
}
