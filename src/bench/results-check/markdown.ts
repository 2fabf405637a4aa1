/** What the check looks for in a Markdown text: generated tables, quoted figures, numbers that should be. */

/** A place in the text. */
export interface Place {
  /** From 0 on. */
  readonly start: number;
  readonly end: number;
}

/** `[70.0](results/redis-compare.csv "median …")` */
export interface Figure extends Place {
  readonly text: string;
  /** As written: from the folder of the document. */
  readonly file: string;
  readonly query: string;
}

/** What stands between `<!-- results: name -->` and `<!-- /results -->`. */
export interface Block extends Place {
  readonly name: string;
  readonly content: string;
}

/** A number with a unit that stands in the text itself. */
export interface BareNumber extends Place {
  readonly text: string;
  readonly mark: 'set' | 'no csv' | undefined;
}

const CODE = /^(```|~~~)[\s\S]*?^\1|(?<!`)(`+)(?!`)[^\n]*?(?<!`)\2(?!`)/gm;
const BLOCK = /<!-- results: ([\w.-]+) -->\n([\s\S]*?)<!-- \/results -->/g;
const FIGURE = /\[([^[\]]*)\]\(([^()\s"]+\.csv)\s+"([^"]*)"\)/g;
const TARGET = /\]\([^)]*\)/g;
const COMMENT = /<!--[\s\S]*?-->/g;
const MARK = /<!-- *(\/?)(results?|measured)\b[^>]*-->/g;
const WELL_FORMED = /^<!-- (?:results: [\w.-]+|\/results|\/?measured) -->$/;
const MEASURED = /<!-- measured -->([\s\S]*?)(?:<!-- \/measured -->|$(?![\s\S]))/g;

const NUMBER = String.raw`\d[\d,]*(?:\.\d+)?(?![\d.]*\d)`;
const NUMBERS = String.raw`(?<![\w.,/^-])${NUMBER}(?:(?:,? (?:and|or|to) |, |,\n)${NUMBER})*`;
const UNITS = [
  ...[
    'µs',
    'us',
    'ms',
    'ns',
    's',
    'seconds?',
    'minutes?',
    'times',
    'points?',
    'percent',
    'million',
    'billion',
  ],
  ...['kB', 'KB', 'MB', 'GB', 'KiB', 'MiB', 'GiB', 'M', 'k'],
  ...['(?:k |M )?(?:requests|operations|connections|get|set|misses)/s', '(?:k|M)/s'],
].join('|');
const MARKED = String.raw`(?:\s?<!-- (set|no csv) -->)?`;
const WITH_UNIT = new RegExp(String.raw`(${NUMBERS}[\s-]?(?:%|(?:${UNITS})(?![\w/])))${MARKED}`, 'g');
const MISSING = new RegExp(
  String.raw`(${NUMBERS}(?:[\s-]?(?:%|(?:${UNITS})(?![\w/])))?)\s?<!-- (no csv) -->`,
  'g',
);
/** A cell of a table that is a figure and nothing else, a range in brackets included. */
const CELL = /(?<=\|)\s*(\d[\d,.]*(?: ?[%\p{L}/]+)?(?: \(\d[\d,.]* to \d[\d,.]*\))?)\s*(?=\|)/gu;

/** The text without code, at the same places. */
export function withoutCode(text: string): string {
  return text.replaceAll(CODE, blank);
}

export function blocksOf(text: string): Block[] {
  return [...text.matchAll(BLOCK)].map((match) => {
    const [whole, name, content] = match;
    return { ...placeOf(match), start: match.index + whole.indexOf('\n') + 1, name, content };
  });
}

/** Comments of blocks and sections that have no partner, or no name: nobody would look at what they hold. */
export function strayMarks(text: string): Place[] {
  const open = new Map<string, RegExpExecArray>();
  const stray: RegExpExecArray[] = [];
  for (const mark of text.matchAll(MARK)) {
    const [whole, slash, name] = mark;
    const before = open.get(name);
    if (slash === '' && WELL_FORMED.test(whole)) {
      if (before !== undefined) stray.push(before);
      open.set(name, mark);
    } else if (before !== undefined && WELL_FORMED.test(whole)) open.delete(name);
    else stray.push(mark);
  }
  return [...stray, ...open.values()].map(placeOf);
}

export function figuresOf(text: string): Figure[] {
  return [...text.replaceAll(BLOCK, blank).matchAll(FIGURE)].map((match) => {
    const [, shown, file, query] = match;
    return {
      ...placeOf(match),
      text: shown.replaceAll(/\s+/g, ' '),
      file,
      query: query.replaceAll(/\s+/g, ' '),
    };
  });
}

/** In the sections that report measurements, and wherever "no csv" is said. */
export function bareNumbersOf(text: string): BareNumber[] {
  const prose = text.replaceAll(BLOCK, blank).replaceAll(FIGURE, blank).replaceAll(TARGET, blank);
  const missing = [...prose.matchAll(MISSING)].map(bareNumber);
  const regions = [...prose.matchAll(MEASURED)].flatMap(({ index, 0: region }) =>
    [
      ...[...region.matchAll(WITH_UNIT)].map(bareNumber),
      ...[...region.replaceAll(COMMENT, blank).matchAll(CELL)].filter(isInTable(region)).map(bareNumber),
    ].map((one) => ({ ...one, start: one.start + index, end: one.end + index })),
  );
  const all = [...missing, ...regions].sort((a, b) => a.start - b.start);
  // A number may have been found in more than one way.
  return all.filter(({ start }, i) => i === 0 || start >= all[i - 1].end);
}

/** From 1 on. */
export function lineOf(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

function isInTable(text: string): (match: RegExpExecArray) => boolean {
  return ({ index }) => text.slice(text.lastIndexOf('\n', index - 1) + 1).startsWith('|');
}

function bareNumber(match: RegExpExecArray): BareNumber {
  const [whole, text, mark] = match;
  const start = match.index + whole.indexOf(text);
  return {
    start,
    end: match.index + whole.length,
    text: text.replaceAll(/\s+/g, ' '),
    mark: mark === 'set' || mark === 'no csv' ? mark : undefined,
  };
}

function placeOf({ index, 0: whole }: RegExpExecArray): Place {
  return { start: index, end: index + whole.length };
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ');
}
