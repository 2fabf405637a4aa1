/** INFO and TIME: what the server tells of itself. */
import type { Arguments } from './arguments.js';
import type { Command } from './command.js';
import { type InfoSources, SECTIONS } from './info-sections.js';
import type { Reply } from './reply.js';

/** Left out unless asked for by name, or by `all` or `everything`. */
const NOT_BY_DEFAULT = ['commandstats'];
/** Left out of `all`. */
const NOT_IN_ALL = ['modules'];

/** @param sources asked for each time */
export function infoCommands(sources: () => InfoSources): Command[] {
  return [
    {
      name: 'info',
      arity: -1,
      flags: ['loading', 'stale'],
      run: (args, reply) => reply.verbatim(infoText(wanted(args), sources())),
    },
    { name: 'time', arity: 1, flags: ['loading', 'stale', 'fast'], run: time },
  ];
}

/** Names of the sections that are asked for; what is none is passed over. */
function wanted(args: Arguments): ReadonlySet<string> {
  const names = [...SECTIONS.keys()];
  const all = Array.from({ length: args.count - 1 }, (_, index) => args.word(1 + index)).flatMap((word) => {
    switch (word) {
      case 'everything':
        return names;
      case 'all':
        return names.filter((name) => !NOT_IN_ALL.includes(name));
      case 'default':
        return byDefault(names);
      default:
        return [word];
    }
  });
  return new Set(args.count === 1 ? byDefault(names) : all);
}

function byDefault(names: readonly string[]): string[] {
  return names.filter((name) => !NOT_BY_DEFAULT.includes(name));
}

function infoText(names: ReadonlySet<string>, sources: InfoSources): string {
  const told: string[] = [];
  for (const [name, section] of SECTIONS) {
    if (!names.has(name)) continue;
    const title = `# ${name === 'cpu' ? 'CPU' : name[0].toUpperCase() + name.slice(1)}`;
    const lines = [title, ...section(sources).map(([field, value]) => `${field}:${value}`)];
    told.push(lines.map((line) => `${line}\r\n`).join(''));
  }
  return told.join('\r\n');
}

function time(_args: Arguments, reply: Reply): void {
  const now = Date.now();
  reply.array(2);
  reply.text(String(Math.floor(now / 1000)));
  // The clock that people set has milliseconds alone.
  reply.text(String((now % 1000) * 1000));
}
