/** Tells of a command what people ask for, and what redis-cli makes its hints of: `COMMAND DOCS`. */
import type { ArgumentDocument, CommandDocument } from './docs/documents.js';
import type { KnownCommand } from './lookup.js';
import type { Reply } from './reply.js';

/** A field of a map: its name, and what writes its value. */
type Field = readonly [name: string, write: (reply: Reply) => void];

/** Name and document of each command. Those without a document are left out. */
export function writeDocs(
  commands: readonly KnownCommand[],
  documentOf: (command: KnownCommand) => CommandDocument | undefined,
  reply: Reply,
): void {
  const documented = commands.flatMap((command) => {
    const document = documentOf(command);
    return document === undefined ? [] : [{ command, document }];
  });
  reply.map(documented.length);
  for (const { command, document } of documented) {
    reply.text(command.fullName);
    writeFields(reply, [
      ...fieldsOf(document),
      ...present('subcommands', command.subcommands, (subcommands) => (to) => {
        writeDocs(subcommands, documentOf, to);
      }),
    ]);
  }
}

function fieldsOf(document: CommandDocument): Field[] {
  const { summary, since, group, complexity, deprecated } = document;
  return [
    ['summary', text(summary)],
    ['since', text(since)],
    ['group', text(group)],
    ['complexity', text(complexity)],
    ...present('doc_flags', deprecated && ['deprecated'], words),
    ...present('deprecated_since', deprecated?.since, text),
    ...present('replaced_by', deprecated?.replacedBy, text),
    ...present('history', document.history, (changes) => (reply) => {
      reply.set(changes.length);
      for (const [version, change] of changes) {
        reply.array(2);
        reply.text(version);
        reply.text(change);
      }
    }),
    ...present('arguments', document.arguments, argumentList),
  ];
}

function argumentList(parts: readonly ArgumentDocument[]): Field[1] {
  return (reply) => {
    reply.array(parts.length);
    for (const part of parts) writeArgument(part, reply);
  };
}

function writeArgument(argument: ArgumentDocument, reply: Reply): void {
  const { name, type, keySpec = 0, parts } = argument;
  const flags = [
    ...(argument.isOptional === true ? ['optional'] : []),
    ...(argument.isMultiple === true ? ['multiple'] : []),
    ...(argument.repeatsToken === true ? ['multiple_token'] : []),
  ];
  writeFields(reply, [
    ['name', text(name)],
    ['type', text(type)],
    ...present('key_spec_index', type === 'key' ? keySpec : undefined, (index) => (to) => to.integer(index)),
    // What has parts is shown as they are.
    ...present('display_text', parts === undefined ? name : undefined, text),
    ...present('token', argument.token, text),
    ...present('since', argument.since, text),
    ...present('deprecated_since', argument.deprecatedSince, text),
    ...present('flags', flags.length === 0 ? undefined : flags, words),
    ...present('arguments', parts, argumentList),
  ]);
}

function writeFields(reply: Reply, fields: readonly Field[]): void {
  reply.map(fields.length);
  for (const [name, write] of fields) {
    reply.text(name);
    write(reply);
  }
}

function text(value: string): Field[1] {
  return (reply) => reply.text(value);
}

function words(values: readonly string[]): Field[1] {
  return (reply) => {
    reply.set(values.length);
    for (const value of values) reply.status(value);
  };
}

/** A field, or none when there is no value. */
function present<T>(name: string, value: T | undefined, write: (value: T) => Field[1]): Field[] {
  return value === undefined ? [] : [[name, write(value)]];
}
