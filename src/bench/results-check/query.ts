/**
 * Questions to a CSV file, as the titles of links in the READMEs ask them:
 *
 *     median cpu_us_per_request where contender=hotshard, mix=80/20
 *     median cpu_ns where operation=get, contender='lru-cache, ttl' / median cpu_ns where operation=get, contender=Map
 *     100 * mean hit_ratio where mode=entries, share=0.01 or 0.05
 *     median by round (the rate where threads=2 / the rate where threads=1)
 *
 * - Aggregates: `median mean min max sum count`, percentiles (`p50`, `p99.9`: the least value that so many percent are not
 *   above), and `the`, the one value that all rows have, which may be a text.
 * - `where` names conditions, with commas between them, that all must hold: `=`, `!=`, `<`, `<=`, `>`, `>=`, and `^=` (begins with);
 *   `or` lists values. A value with a blank, a comma or a bracket is in single quotes. Cells that are empty do not count.
 * - `by` columns: the expression in brackets, for each group of rows that have the same in these columns; groups for which
 *   it asks what they don't have are left out.
 * - `+ - * /` with blanks around them, numbers, brackets.
 */
import { type CsvRow, grouped } from '../csv-table.js';
import { spreadOf } from '../spread.js';

/** What an expression is asked of. */
interface Scope {
  /** Those of the file. */
  readonly all: readonly CsvRow[];
  /** The same, or a group of them. */
  readonly rows: readonly CsvRow[];
}

type Expression = (scope: Scope) => number | string;

/** No row has what was asked for. */
class NothingFound extends Error {}

/** @throws {Error} that says what is wrong with the query, or what the rows do not have */
export function ask(query: string, rows: readonly CsvRow[]): number | string {
  return new Parser(query).whole()({ all: rows, rows });
}

type Token = { readonly kind: 'quoted' | 'sign' | 'word' | 'end'; readonly text: string };

const TOKEN = /\s*(?:'([^']*)'|(<=|>=|!=|\^=|[=<>(),])|([^\s,()'=!<>^]+))/y;

function tokensOf(query: string): Token[] {
  const tokens: Token[] = [];
  const text = query.trim();
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.length; ) {
    const at = TOKEN.lastIndex;
    const [, quoted, sign, word] = TOKEN.exec(text) ?? [];
    if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else throw new Error(`can't read the query from "${text.slice(at)}" on`);
  }
  return tokens;
}

const NUMBER = /^\d+(?:\.\d+)?$/;

const OPERATORS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};

type Condition = (row: CsvRow) => boolean;

const COMPARISONS: Readonly<Record<string, (cell: string, value: string) => boolean>> = {
  '=': same,
  '!=': (cell, value) => !same(cell, value),
  '^=': (cell, value) => cell.startsWith(value),
  '<': (cell, value) => Number(cell) < Number(value),
  '<=': (cell, value) => Number(cell) <= Number(value),
  '>': (cell, value) => Number(cell) > Number(value),
  '>=': (cell, value) => Number(cell) >= Number(value),
};

/** `0.10` and `0.1` are the same number. */
function same(cell: string, value: string): boolean {
  return cell === value || (NUMBER.test(cell) && NUMBER.test(value) && Number(cell) === Number(value));
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(query: string) {
    this.#tokens = tokensOf(query);
  }

  whole(): Expression {
    const expression = this.#sum();
    if (this.#peek().kind !== 'end') throw new Error(`"${this.#peek().text}" is not expected in the query`);
    return expression;
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: 'the end' };
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    return token;
  }

  #has(...texts: readonly string[]): boolean {
    const { kind, text } = this.#peek();
    return kind !== 'quoted' && texts.includes(text);
  }

  #expect(text: string): void {
    const found = this.#take();
    if (found.text !== text) throw new Error(`"${text}" is expected in the query, not "${found.text}"`);
  }

  #sum(): Expression {
    return this.#chain(['+', '-'], () => this.#chain(['*', '/'], () => this.#factor()));
  }

  #chain(operators: readonly string[], operand: () => Expression): Expression {
    let left = operand();
    while (this.#has(...operators)) {
      const operator = OPERATORS[this.#take().text];
      const [first, second] = [left, operand()];
      left = (scope) => operator(numberOf(first(scope)), numberOf(second(scope)));
    }
    return left;
  }

  #factor(): Expression {
    const { kind, text } = this.#take();
    if (kind === 'sign' && text === '(') {
      const inner = this.#sum();
      this.#expect(')');
      return inner;
    }
    if (kind === 'word' && NUMBER.test(text)) return () => Number(text);
    const aggregate = kind === 'word' ? aggregateOf(text) : undefined;
    if (aggregate === undefined) throw new Error(`"${text}" is no aggregate: ${AGGREGATE_NAMES}`);
    return this.#has('by') ? this.#grouped(aggregate) : this.#simple(aggregate);
  }

  #simple(aggregate: Aggregate): Expression {
    const column = this.#name();
    const conditions: ((scope: Scope) => Condition)[] = [];
    if (this.#has('where')) {
      do {
        this.#take();
        conditions.push(this.#condition());
      } while (this.#has(','));
    }
    return (scope) => {
      checkColumn(scope, column);
      const all = conditions.map((condition) => condition(scope));
      const cells = scope.rows
        .filter((row) => all.every((holds) => holds(row)))
        .map((row) => row.text(column))
        .filter((cell) => cell !== '');
      if (cells.length === 0) throw new NothingFound(`no row has a "${column}" with these conditions`);
      return aggregate(cells);
    };
  }

  #grouped(aggregate: Aggregate): Expression {
    this.#take();
    const columns: string[] = [];
    while (this.#peek().kind === 'word') columns.push(this.#name());
    this.#expect('(');
    const inner = this.#sum();
    this.#expect(')');
    return (scope) => {
      for (const column of columns) checkColumn(scope, column);
      const groups = grouped(scope.rows, columns);
      const values = groups.flatMap((rows) => ifFound(() => inner({ all: scope.all, rows })));
      if (values.length === 0)
        throw new NothingFound(`no group by ${columns.join(', ')} has what is asked for`);
      return aggregate(values.map(String));
    };
  }

  #condition(): (scope: Scope) => Condition {
    const column = this.#name();
    const sign = this.#take().text;
    const compare = COMPARISONS[sign];
    if (compare === undefined)
      throw new Error(`"${sign}" is no comparison: ${Object.keys(COMPARISONS).join(' ')}`);
    const values = [this.#name()];
    while (this.#has('or')) {
      this.#take();
      values.push(this.#name());
    }
    return (scope) => {
      checkColumn(scope, column);
      if (sign === '=') for (const value of values) checkValue(scope, column, value);
      return (row) => values.some((value) => compare(row.text(column), value));
    };
  }

  #name(): string {
    const { kind, text } = this.#take();
    if (kind === 'word' || kind === 'quoted') return text;
    throw new Error(`a column or a value is expected in the query, not "${text}"`);
  }
}

type Aggregate = (cells: readonly string[]) => number | string;

const AGGREGATES: Readonly<Record<string, Aggregate>> = {
  median: (cells) => spreadOf(numbersOf(cells)).median,
  min: (cells) => spreadOf(numbersOf(cells)).min,
  max: (cells) => spreadOf(numbersOf(cells)).max,
  sum: (cells) => sum(numbersOf(cells)),
  mean: (cells) => sum(numbersOf(cells)) / cells.length,
  count: (cells) => cells.length,
  the: (cells) => {
    const different = [...new Set(cells)];
    if (different.length > 1) throw new Error(`the rows have different values: ${listed(different)}`);
    return Number.isNaN(Number(different[0])) ? different[0] : Number(different[0]);
  },
};

const AGGREGATE_NAMES = `${Object.keys(AGGREGATES).join(' ')} p99`;

function aggregateOf(name: string): Aggregate | undefined {
  const percent = /^p(\d+(?:\.\d+)?)$/.exec(name)?.[1];
  if (percent === undefined) return AGGREGATES[name];
  return (cells) => {
    const sorted = numbersOf(cells).sort((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil((Number(percent) / 100) * sorted.length) - 1)];
  };
}

function numbersOf(cells: readonly string[]): number[] {
  return cells.map(numberOf);
}

function numberOf(value: number | string): number {
  const number = Number(value);
  if (Number.isNaN(number)) throw new Error(`"${value}" is no number`);
  return number;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

function checkColumn({ all }: Scope, column: string): void {
  const columns = all[0]?.columns ?? [];
  if (!columns.includes(column))
    throw new Error(`there is no column "${column}", only ${columns.join(', ')}`);
}

/** A value that is nowhere in the file is a mistake. */
function checkValue({ all }: Scope, column: string, value: string): void {
  const known = [...new Set(all.map((row) => row.text(column)))];
  if (!known.some((cell) => same(cell, value)))
    throw new Error(`no "${column}" is "${value}", only ${listed(known)}`);
}

function ifFound(value: () => number | string): (number | string)[] {
  try {
    return [value()];
  } catch (error) {
    if (error instanceof NothingFound) return [];
    throw error;
  }
}

const MOST_LISTED = 12;

function listed(values: readonly string[]): string {
  const some = values.slice(0, MOST_LISTED).map((value) => `"${value}"`);
  return `${some.join(', ')}${values.length > MOST_LISTED ? ', …' : ''}`;
}
