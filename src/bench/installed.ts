/** Programs that a benchmark uses where they are installed. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** Why a program can't be used; undefined: it can. */
export function missingProgram(program: string): string | undefined {
  return isInstalled(program) ? undefined : `there is no program "${program}" on this machine`;
}

/** All that a program prints when it is started so: for programs that end at once. */
export function printed(program: string, ...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return `${stdout ?? ''}${stderr ?? ''}`;
}

/** The first version number that it prints; undefined where it is not installed, or prints none. */
export function programVersion(program: string, flag: string): string | undefined {
  return /\d+(?:\.\d+)+/.exec(printed(program, flag))?.[0];
}
