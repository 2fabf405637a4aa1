/**
 * Commands that come as JSON, in the form of Upstash's REST interface: an array of words, or an array of such arrays.
 * Each request is a client of its own, so what a connection would keep between commands there is not.
 */
import { parse } from 'lossless-json';
import { z } from 'zod';
import { Arguments } from './arguments.js';
import { type Access, Client } from './client.js';
import type { Answer, Outcome } from './command.js';
import type { Engine } from './engine.js';
import { JsonReply, type JsonReplyForm } from './json-reply.js';
import type { Reply } from './reply.js';
import type { TransactionRunner } from './transactions.js';

/** What commands came to. */
export interface JsonResult {
  readonly json: string;
  readonly isError: boolean;
}

/** Who asks, and in which form it wants strings. */
export interface JsonAsker {
  readonly address: string;
  readonly access: Access;
  readonly isBase64: boolean;
}

/** Commands that are about a connection, or about what comes next on it. */
const OF_CONNECTIONS: ReadonlySet<string> = new Set([
  'auth',
  'client',
  'discard',
  'exec',
  'hello',
  'multi',
  'quit',
  'reset',
  'unwatch',
  'watch',
]);

/** Numbers come as they were written: no digit of a large one is lost. */
const word = z.union([z.string(), z.boolean().transform(String)]);
const command = z.array(word).min(1);
const commands = z.array(command);

const NO_COMMAND = 'ERR failed to parse command: a command is a JSON array of strings, numbers and booleans';
const NO_COMMANDS = 'ERR failed to parse commands: they are a JSON array of commands, each an array itself';

export class JsonCommands {
  readonly #engine: Engine;
  readonly #transactions: TransactionRunner;

  constructor(engine: Engine, transactions: TransactionRunner) {
    this.#engine = engine;
    this.#transactions = transactions;
  }

  /** Runs one command. @param body JSON */
  async run(body: string, asker: JsonAsker): Promise<JsonResult> {
    const words = parsed(body, command);
    return words === undefined ? failure(NO_COMMAND) : await this.#run(words, asker);
  }

  /** Runs commands one after the other; those of other clients may come in between. One that fails keeps none from running. */
  async runAll(body: string, asker: JsonAsker): Promise<JsonResult> {
    const all = parsed(body, commands);
    if (all === undefined) return failure(NO_COMMANDS);
    const results: string[] = [];
    for (const words of all) results.push((await this.#run(words, asker)).json);
    return { json: `[${results.join(',')}]`, isError: false };
  }

  /** Runs all commands as a transaction, or none. */
  async runTransaction(body: string, asker: JsonAsker): Promise<JsonResult> {
    const all = parsed(body, commands);
    if (all === undefined) return failure(NO_COMMANDS);
    if (all.length === 0) return { json: '[]', isError: false };
    const refusal = all.map(refusalOf).find((message) => message !== undefined);
    if (refusal !== undefined) return failure(`EXECABORT Transaction discarded because of: ${refusal}`);
    const queue = all.map((words) => Arguments.of(words));
    const { isBase64 } = asker;
    return await this.#answer({ isBase64, isList: true }, asker, (reply, client) =>
      this.#transactions.executeAll(queue, reply, client),
    );
  }

  async #run(words: readonly string[], asker: JsonAsker): Promise<JsonResult> {
    const refusal = refusalOf(words);
    if (refusal !== undefined) return failure(refusal);
    const args = Arguments.of(words);
    return await this.#answer({ isBase64: asker.isBase64 }, asker, (reply, client) =>
      this.#engine.execute(args, reply, client),
    );
  }

  async #answer(
    form: JsonReplyForm,
    { address, access }: JsonAsker,
    execute: (reply: Reply, client: Client) => Outcome,
  ): Promise<JsonResult> {
    const engine = this.#engine;
    const reply = new JsonReply(form);
    const client = new Client({ id: 0, address, localAddress: '', access });
    const waiting = this.#within(() => execute(reply, client));
    if (waiting !== undefined) {
      const answer: Answer = await waiting;
      engine.begin();
      try {
        answer(reply);
      } finally {
        engine.end();
      }
    }
    return reply;
  }

  #within(execute: () => Outcome): Outcome {
    this.#engine.begin();
    try {
      return execute();
    } finally {
      this.#engine.end();
    }
  }
}

function parsed<T>(body: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.parse(parse(body, undefined, String));
  } catch {
    return undefined;
  }
}

function refusalOf([name = '']: readonly string[]): string | undefined {
  if (!OF_CONNECTIONS.has(name.toLowerCase())) return undefined;
  return `ERR ${name.toLowerCase()} is about a connection: it can't be used over HTTP`;
}

function failure(message: string): JsonResult {
  return { json: JSON.stringify({ error: message }), isError: true };
}
