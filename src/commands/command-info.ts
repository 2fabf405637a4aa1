/** Tells of a command what clients ask for: `COMMAND INFO`. */
import type { CommandFlag } from './command.js';
import type { CommandDocument, KeySpec } from './docs/documents.js';
import type { KnownCommand } from './lookup.js';
import type { Reply } from './reply.js';

/** Categories that follow from flags, in the order in which they are told. */
const CATEGORIES_OF_FLAGS: readonly (readonly [flag: CommandFlag, categories: readonly string[]])[] = [
  ['write', ['@write']],
  ['readonly', ['@read']],
  ['admin', ['@admin', '@dangerous']],
];

/** Of access control lists. Clients and tools sort commands by them; hotshard itself goes by the flags. */
export function categoriesOf({ flags }: KnownCommand, document: CommandDocument | undefined): string[] {
  const implied = CATEGORIES_OF_FLAGS.flatMap(([flag, categories]) =>
    flags.includes(flag) ? categories : [],
  );
  return [...(document?.categories ?? []), ...implied, flags.includes('fast') ? '@fast' : '@slow'];
}

/** @param documentOf what is told of a command or subcommand */
export function writeInfo(
  command: KnownCommand,
  documentOf: (command: KnownCommand) => CommandDocument | undefined,
  reply: Reply,
): void {
  const { fullName, arity, flags, keys, subcommands = [] } = command;
  const document = documentOf(command);
  const told = flags.filter((flag) => flag !== 'immediate');
  const categories = categoriesOf(command, document);
  const tips = document?.tips ?? [];
  reply.array(10);
  reply.text(fullName);
  reply.integer(arity);
  reply.set(told.length);
  for (const flag of told) reply.status(flag);
  reply.integer(keys?.first ?? 0);
  reply.integer(keys?.last ?? 0);
  reply.integer(keys?.step ?? 0);
  reply.set(categories.length);
  for (const category of categories) reply.status(category);
  reply.set(tips.length);
  for (const tip of tips) reply.text(tip);
  writeKeySpecs(command, document?.keySpecs ?? [], reply);
  // In Redis a list, unless there are none.
  if (subcommands.length === 0) reply.set(0);
  else reply.array(subcommands.length);
  for (const subcommand of subcommands) writeInfo(subcommand, documentOf, reply);
}

function writeKeySpecs({ keys }: KnownCommand, specs: readonly KeySpec[], reply: Reply): void {
  if (keys === undefined) {
    reply.set(0);
    return;
  }
  const { first, last, step } = keys;
  reply.set(specs.length);
  specs.forEach(({ flags, notes }, index) => {
    const words = flags.split(' ');
    reply.map(notes === undefined ? 3 : 4);
    if (notes !== undefined) {
      reply.text('notes');
      reply.text(notes);
    }
    reply.text('flags');
    reply.set(words.length);
    for (const word of words) reply.status(word);
    reply.text('begin_search');
    writeSearch(reply, 'index', { index: first + index * step });
    reply.text('find_keys');
    // A specification of all keys says how far they go, one of several is of one key.
    const lastKey = specs.length > 1 ? 0 : last < 0 ? last : last - first;
    writeSearch(reply, 'range', { lastkey: lastKey, keystep: step, limit: 0 });
  });
}

function writeSearch(reply: Reply, type: string, spec: Readonly<Record<string, number>>): void {
  const entries = Object.entries(spec);
  reply.map(2);
  reply.text('type');
  reply.text(type);
  reply.text('spec');
  reply.map(entries.length);
  for (const [name, value] of entries) {
    reply.text(name);
    reply.integer(value);
  }
}
