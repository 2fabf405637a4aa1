/**
 * shards/MEMORY.md and the code speak of the same orderings, locks, deaths and invariants, by number; and what else the
 * documents of the map name is there: tests, files, figures.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MEMORY = readFileSync(join(ROOT, 'shards/MEMORY.md'), 'utf8');
const README = readFileSync(join(ROOT, 'shards/README.md'), 'utf8');

const KINDS: Readonly<Record<string, string>> = { O: 'ORDER', L: 'LOCK', K: 'CRASH', I: 'INVARIANT' };
const DEFINED = /\b(ORDER|LOCK|CRASH|INVARIANT) ([A-Z]\d+)\b/g;
const MENTIONED = /\b[OLKI][1-9]\d?\b/g;

/** Sources of the map by name. */
const sources = new Map(
  readdirSync(join(ROOT, 'shards'))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => [name, readFileSync(join(ROOT, 'shards', name), 'utf8')] as const),
);

/** Every comment of a source. */
function commentsOf(source: string): string {
  return (source.match(/\/\*[\s\S]*?\*\/|\/\/.*$/gm) ?? []).join('\n');
}

/** Labels of a text that stand there with their kind. */
function labelsOf(text: string): string[] {
  return [...text.matchAll(DEFINED)].map(([, kind = '', label = '']) => `${kind} ${label}`);
}

/** Labels that have a section in MEMORY.md, in their order there. */
const sections = [...MEMORY.matchAll(/^### (.*)$/gm)].map(([, title = '']) => title);

/** What stands under a heading. */
function sectionOf(title: string): string {
  const [, after = ''] = MEMORY.split(`### ${title}\n`);
  return after.split(/^##/m, 1)[0] ?? '';
}

test('every label of the code has a section, and every section is named in the code', (t) => {
  const inCode = new Set([...sources.values()].flatMap((source) => labelsOf(commentsOf(source))));
  t.ok(inCode.size > 0, 'there are some');
  t.strictSame([...inCode].sort(), [...sections].sort());
  t.end();
});

test('labels are numbered from 1 on, each has one section and is of its kind', (t) => {
  t.equal(new Set(sections).size, sections.length);
  for (const [letter, kind] of Object.entries(KINDS)) {
    const numbers = sections
      .filter((title) => title.startsWith(`${kind} `))
      .map((title) => title.split(' ')[1]);
    t.strictSame(
      numbers,
      numbers.map((_, i) => `${letter}${i + 1}`),
    );
  }
  t.end();
});

test('what is only mentioned is there too', (t) => {
  const known = new Set(sections.map((title) => title.split(' ')[1]));
  const texts = [...sources].map(([name, source]) => [name, commentsOf(source)] as const);
  for (const [name, text] of [...texts, ['MEMORY.md', MEMORY], ['README.md', README]] as const) {
    const unknown = [...text.matchAll(MENTIONED)]
      .map(([label]) => label)
      .filter((label) => !known.has(label));
    t.strictSame(unknown, [], name);
  }
  t.end();
});

test('every section names a test, and every test that is named is there', (t) => {
  for (const title of sections) t.match(sectionOf(title), /^Tests: /m, title);
  const cited = [...MEMORY.replace(/\s+/g, ' ').matchAll(/`([\w/-]+\.test\.ts)` "([^"]+)"/g)];
  t.ok(cited.length >= sections.length, `${cited.length} tests are named`);
  for (const [, file = '', title = ''] of cited) {
    t.ok(titlesOf(file).includes(title), `${file}: ${title}`);
  }
  t.end();
});

/** Titles of a file's tests. Parts that differ from run to run are `…`. */
function titlesOf(file: string): string[] {
  const source = readFileSync(join(ROOT, 'test/shards', file), 'utf8');
  const calls = source.matchAll(/\btest\(\s*(?:'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`)/g);
  return [...calls].map(([, plain, template = '']) => plain ?? template.replace(/\$\{[^}]*\}/g, '…'));
}

test('the documents name files that are there, and the table of files names all', (t) => {
  const tests = readdirSync(join(ROOT, 'test/shards'), { recursive: true, encoding: 'utf8' }).map((name) =>
    name.replaceAll('\\', '/'),
  );
  for (const [name, text] of [
    ['MEMORY.md', MEMORY],
    ['README.md', README],
  ] as const) {
    const files = [...text.matchAll(/`((?:test\/|shards\/)?[\w/-]+\.ts)`/g)].map(([, file = '']) => file);
    const missing = files.filter((file) => {
      const own = file.replace(/^shards\//, '');
      const ofTests = file.replace(/^test\/shards\//, '');
      return !sources.has(own) && !tests.includes(ofTests);
    });
    t.strictSame(missing, [], name);
  }
  const table = README.slice(README.indexOf('| file |'));
  const listed = [...table.matchAll(/`([\w-]+\.ts)`/g)].map(([, file = '']) => file);
  t.strictSame([...new Set(listed)].sort(), [...sources.keys()].sort());
  t.equal(new Set(listed).size, listed.length, 'each once');
  t.end();
});

test('what the documents link to is there', (t) => {
  const folder = readdirSync(join(ROOT, 'shards'));
  for (const text of [MEMORY, README]) {
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#|\.\.)([^)#]+)/g)) {
      t.ok(folder.includes(target), target);
    }
    const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
    for (const [, anchor = ''] of text.matchAll(/\]\(#([^)]+)\)/g))
      t.ok(anchors.includes(anchor), `#${anchor}`);
  }
  t.end();
});

test('the picture is small, needs nothing from outside, and is legible in light and dark', (t) => {
  const picture = readFileSync(join(ROOT, 'shards/how-it-works.svg'), 'utf8');
  t.ok(picture.length < 40_000, `${picture.length} bytes`);
  t.match(picture, /prefers-color-scheme: dark/);
  t.notMatch(picture, /(href|src|@import|url\()\s*=?\s*["'(]?https?:/);
  t.end();
});
