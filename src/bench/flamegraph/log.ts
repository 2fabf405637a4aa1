/**
 * V8's log, made whole before it is processed. V8 writes the mapping of the node program several times while it grows, and its
 * processing keeps the first, which covers a part. It also reads no more than a megabyte of the program's symbols, of
 * which there are six. So most of what runs in there would be nobody's.
 */
import { execFileSync } from 'node:child_process';

/** A function of the program. */
interface Symbol {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

interface Mapping {
  readonly start: number;
  readonly end: number;
}

const MOST_BYTES = 2 ** 28;

/** In front of the functions that V8 itself logs. */
const LOGGED = /^code-creation,Builtin,/;

/**
 * The functions of the program that were sampled stand in the log one by one, in place of its mappings. Where its symbols
 * can't be read, its largest mapping remains: all of it is one.
 *
 * @param program the path of node
 */
export function withSymbols(log: string, program: string): string {
  const lines = log.split('\n');
  const isMapping = (line: string) => line.startsWith(`shared-library,${program},`);
  const last = lines.findLast(isMapping);
  const mapping = last === undefined ? undefined : mappingOf(last);
  if (last === undefined || mapping === undefined) return log;
  const rest = lines.filter((line) => !isMapping(line));
  const sampled = sampledIn(mapping, lines);
  const hit = symbolsOf(program, mapping).filter((symbol) => isHit(symbol, sampled));
  const logged = hit.map(
    ({ start, end, name }) => `code-creation,Builtin,2,0,0x${start.toString(16)},${end - start},${name}`,
  );
  const first = rest.findIndex((line) => LOGGED.test(line));
  return rest.toSpliced(Math.max(0, first), 0, ...(logged.length === 0 ? [last] : logged)).join('\n');
}

/** Milliseconds from the first sample to the last. */
export function sampledTime(log: string): number {
  const times = [...log.matchAll(/^tick,0x[\da-f]+,(\d+),/gm)].map(([, microseconds]) =>
    Number(microseconds),
  );
  return ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000;
}

function mappingOf(line: string): Mapping | undefined {
  const found = /,0x([\da-f]+),0x([\da-f]+),-?\d+$/.exec(line);
  return found === null
    ? undefined
    : { start: Number.parseInt(found[1], 16), end: Number.parseInt(found[2], 16) };
}

/** Addresses in ascending order: what was running, and what had called it. */
function sampledIn({ start, end }: Mapping, lines: readonly string[]): number[] {
  return lines
    .filter((line) => line.startsWith('tick,'))
    .flatMap((line) => line.match(/\b0x[\da-f]+/g) ?? [])
    .map(Number)
    .filter((address) => address >= start && address < end)
    .sort((a, b) => a - b);
}

/** All of the program's, in ascending order; none where there is no `nm`. */
function symbolsOf(program: string, mapping: Mapping): Symbol[] {
  const found = [...nm(program).matchAll(/^([\da-f]+) [tTwWiI] (.*)$/gm)].map(([, address, name]) => ({
    start: placed(Number.parseInt(address, 16), mapping),
    name: shortName(name),
  }));
  return found.flatMap(({ start, name }, i) => {
    const end = found[i + 1]?.start ?? mapping.end;
    return end > start ? [{ start, end, name }] : [];
  });
}

function nm(program: string): string {
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return execFileSync('nm', ['-C', '-n', '--defined-only', program], {
      encoding: 'utf8',
      maxBuffer: MOST_BYTES,
      stdio,
    });
  } catch {
    return '';
  }
}

/** A program that may be anywhere in memory has addresses from 0 on. */
function placed(address: number, { start, end }: Mapping): number {
  return address < start && address < end - start ? address + start : address;
}

/** Without arguments and parameters of templates; as the log wants it, where commas separate. */
function shortName(name: string): string {
  let short = name.replaceAll('(anonymous namespace)::', '');
  for (let before = ''; before !== short; ) {
    before = short;
    short = short.replaceAll(/\([^()]*\)|<[^<>()]*>/g, '');
  }
  return short
    .replace(/^void /, '')
    .replace(/ const$/, '')
    .replaceAll(',', '\\x2C');
}

/** @param sampled in ascending order */
function isHit({ start, end }: Symbol, sampled: readonly number[]): boolean {
  let [low, high] = [0, sampled.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sampled[middle] < start) low = middle + 1;
    else high = middle;
  }
  return low < sampled.length && sampled[low] < end;
}
