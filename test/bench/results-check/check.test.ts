/** What the check finds in a text, and that it finds nothing in this repository's. */
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { readCsv } from '../../../src/bench/csv-table.js';
import { checkAll, checkDocument } from '../../../src/bench/results-check/check.js';
import { csvReader } from '../../../src/bench/results-check/csv.js';
import { tableOf, withTables } from '../../../src/bench/results-check/tables.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

const FILES: Readonly<Record<string, string>> = {
  'results/a.csv': 'name,ms\nx,1.5\nx,2.5\ny,9\n',
  'results/map-contenders.csv':
    'operation,contender,wall_ns,cpu_ns\nget,Map,100,90\nget,Map,200,1190\nmiss,Map,50,50\nset,Map,40,44\n',
};

function read(path: string) {
  const text = FILES[path];
  if (text === undefined) throw new Error(`there is no file ${path}`);
  return readCsv(path, text);
}

/** Line, kind and message of each finding. */
const findings = (text: string, file = 'README.md') =>
  checkDocument(file, text, read).findings.map(({ line, kind, message }) => `${line} ${kind}: ${message}`);

test('a figure is compared with its file', (t) => {
  const figure = (text: string, query: string) => `[${text}](results/a.csv "${query}")`;
  const good = `one\n${figure('2.0 ms', 'median ms where\nname=x')} and ${figure('9', 'max ms')}`;
  t.match(checkDocument('README.md', good, read), { figures: 2, findings: [] }, 'a title may be broken');
  t.strictSame(findings(`one\n\n${figure('2.1 ms', 'median ms where name=x')}`), [
    '3 figure: "2.1 ms" should be "2.0 ms": results/a.csv says 2 (median ms where name=x)',
  ]);
  t.strictSame(findings(figure('2', 'median s')), [
    '1 query: "2", results/a.csv, "median s": there is no column "s", only name, ms',
  ]);
  t.strictSame(findings('[2](b.csv "median s")', 'results/README.md'), [
    '1 query: "2", b.csv, "median s": there is no file results/b.csv',
  ]);
  t.strictSame(findings('[9](a.csv "max ms")', 'results/README.md'), [], 'paths are from where the text is');
  t.strictSame(findings('[9](../results/a.csv "max ms")', 'shards/README.md'), []);
  t.strictSame(
    findings(`[a.csv](results/a.csv) \`${figure('3', 'x')}\`\n\`\`\`\n${figure('3', 'x')}\n\`\`\`\n`),
    [],
    'no figures',
  );
  t.end();
});

test('in measured sections every number with a unit is from a file', (t) => {
  const measured = (text: string) => findings(`5 ms\n<!-- measured -->\n${text}\n<!-- /measured -->\n5 ms`);
  t.strictSame(measured('It takes 5 ms.'), [
    '3 bare number: "5 ms" is not from a CSV file: quote it, [5 ms](file.csv "median column where other=value"), or mark what is no result: 5 ms<!-- set -->',
  ]);
  const found = (text: string) => measured(text).map((finding) => /"([^"]*)"/.exec(finding)?.[1]);
  for (const bare of [
    '70.0 µs',
    '3 s',
    '14,013 requests/s',
    '1.2 M/s',
    '64 KiB',
    '5 %',
    '1.8 times',
    '35 MB',
    '2 points',
  ])
    t.strictSame(found(`about ${bare}, so`), [bare], bare);
  t.strictSame(
    found('with 10, 25 and 100 % of\nthem, 1 to\n2 ms'),
    ['10, 25 and 100 %', '2 ms'],
    'a list is one',
  );
  t.strictSame(found('a 5\nms pause'), ['5 ms'], 'also where the line is broken');
  t.strictSame(
    found('7 rounds of 400,000 operations with 2 cores, S3-FIFO, HTTP/1.1, p99, 5 sections, [5 ms](x.md)'),
    ['5 ms'],
  );
  t.strictSame(
    measured('values of 32 KiB<!-- set -->, 80 % <!-- set --> reads, [9 ms](results/a.csv "max ms"), `5 ms`'),
    [],
  );
  t.strictSame(
    found('| server | 14,013 | 2 (1 to 3) |\n| - | - | - |\n| [9](results/a.csv "max ms") | x 3 |'),
    ['14,013', '2 (1 to 3)'],
  );
  t.end();
});

test('a figure that no file has is found everywhere', (t) => {
  t.strictSame(findings('took 5 ms<!-- no csv --> and 40<!-- no csv -->'), [
    '1 no csv: "5 ms" is in no CSV file: measure it, or take it out',
    '1 no csv: "40" is in no CSV file: measure it, or take it out',
  ]);
  t.strictSame(findings('<!-- measured -->\n5 ms<!-- no csv -->\n<!-- /measured -->').length, 1, 'once');
  t.end();
});

test('a table is made from its file', (t) => {
  const table = tableOf('map.contenders', read);
  t.strictSame(table.split('\n'), [
    '| contender | M get/s | CPU ns/get | CPU ns/miss | M set/s | CPU ns/set |',
    '| --- | --: | --: | --: | --: | --: |',
    '| Map | 6.7 (5.0 to 10.0) | 640 (90 to 1,190) | 50 (50 to 50) | 25.0 (25.0 to 25.0) | 44 (44 to 44) |',
  ]);
  const text = (content: string) =>
    `a\n\n<!-- results: map.contenders -->\n${content}<!-- /results -->\n\nb\n`;
  t.equal(withTables(text('old\n'), read), text(`${table}\n`));
  t.equal(withTables(text(''), read), text(`${table}\n`), 'the first time, too');
  t.match(checkDocument('README.md', text(`${table}\n`), read), { tables: 1, findings: [] });
  t.strictSame(findings(text(`${table.replace('6.7', '6.8')}\n`)), [
    '4 table: the table "map.contenders" is not that of the CSV file: npm run results:tables',
  ]);
  t.match(findings('<!-- results: x.y -->\n<!-- /results -->'), [
    /^2 table: the table "x.y" can't be made: only these are/,
  ]);
  t.end();
});

test('marks without a partner', (t) => {
  for (const text of [
    '<!-- measured -->',
    '<!-- /measured -->',
    '<!-- results: map.contenders -->',
    '<!-- /results -->',
    '<!-- results map.contenders -->',
    '<!-- measured -->\n<!-- measured -->\n<!-- /measured -->',
  ])
    t.match(findings(text), [/^1 mark: /], text);
  t.end();
});

const checked = checkAll(ROOT, csvReader(ROOT));
const textOf = (findings: typeof checked.findings) =>
  findings.map(({ file, line, message }) => `${file}:${line}: ${message}`);

test('the READMEs quote what was measured, and nothing else', (t) => {
  t.strictSame(textOf(checked.findings), []);
  t.ok(checked.figures > 0 && checked.tables > 0);
  t.end();
});
