/** What a configuration has come to and what has decided it, for people to read. Secrets are hidden. */

/** One option of a server. */
export interface Setting {
  /** Long flag, without its dashes. */
  readonly flag: string;
  readonly value: string;
  /** The flag, the variable or the file that gave the value, or `default`. */
  readonly source: string;
}

/** What was given for an option. */
interface GivenText {
  readonly text: string;
  /** The same without secrets. */
  readonly shown: string;
  readonly source: string;
  /** What the text says. */
  readonly meaning: unknown;
}

/** @param value what the configuration has */
export function settingOf(flag: string, given: GivenText, value: unknown): Setting {
  const { text, shown, source, meaning } = given;
  if (text === '') return { flag, value: source === 'default' ? 'none' : "''", source };
  if (value === undefined && meaning !== undefined)
    return { flag, value: 'none', source: `${source}, ignored` };
  if (typeof value === 'number' && text === 'auto') return { flag, value: `auto (${value})`, source };
  if (typeof value === 'number' && value !== meaning) {
    return { flag, value: `${value} (instead of ${shown})`, source };
  }
  return { flag, value: shown, source };
}
