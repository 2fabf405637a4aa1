/** The JSON file of a comparison with peers: all figures, and what they were measured with. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../command.js';
import { indented } from '../files.js';
import { programVersion } from '../installed.js';
import { isPinned } from '../load/pinned.js';
import type { Machine } from '../machine.js';
import type { PeerOptions } from './options.js';

/** Packages that the peers are made of. */
const PACKAGES = ['@hapi/hapi', 'fastify', 'lru-cache'];

/** By the flag that has them print their version; Webdis has none. */
const PROGRAMS = {
  nginx: '-v',
  'redis-server': '--version',
  memcached: '--version',
  wrk: '-v',
  h2load: '--version',
};

export function peersJson(
  benchmark: string,
  machine: Machine,
  { rounds, seconds, quick }: PeerOptions<string>,
  sections: object,
): string {
  const parameters = { rounds, seconds, quick, isPinned };
  return `${indented({ benchmark, machine, software: software(), parameters, sections })}\n`;
}

/** Versions by name, of what is installed. */
function software(): Readonly<Record<string, string>> {
  const packages = PACKAGES.map((name) => {
    // Not all of them let their package.json be imported.
    const text = readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8');
    const { version } = JSON.parse(text) as { readonly version: string };
    return [name, version] as const;
  });
  const programs = Object.entries(PROGRAMS).flatMap(([name, flag]) => {
    const version = programVersion(name, flag);
    return version === undefined ? [] : [[name, version] as const];
  });
  return Object.fromEntries([...packages, ...programs]);
}
