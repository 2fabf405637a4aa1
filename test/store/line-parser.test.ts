/** What is an entry of a data file, what is malformed, and that chunk borders make no difference. */
import fc from 'fast-check';
import t from 'tap';
import { LineParser, type MalformedLine, type MalformedReason } from '../../src/store/line-parser.js';

const LIMITS = { maxKeySize: 8, maxValueSize: 12 };

interface Parsed {
  /** Key and value as Latin-1, so that bytes can be told apart. */
  readonly entries: [key: string, value: string][];
  readonly lines: number;
  readonly malformed: Partial<Record<MalformedReason, number>>;
  readonly first: readonly MalformedLine[];
}

/** Parses chunks as a reader with one buffer hands them out: each is overwritten by the next. */
function parse(chunks: readonly Buffer[], limits = LIMITS): Parsed {
  const entries: [string, string][] = [];
  const parser = new LineParser(limits, (bytes, keyStart, keyEnd, valueStart, valueEnd) => {
    entries.push([
      bytes.toString('latin1', keyStart, keyEnd),
      bytes.toString('latin1', valueStart, valueEnd),
    ]);
  });
  const buffer = Buffer.alloc(Math.max(1, ...chunks.map((chunk) => chunk.length)));
  for (const chunk of chunks) {
    chunk.copy(buffer);
    parser.push(buffer.subarray(0, chunk.length));
    buffer.fill('\n#');
  }
  parser.end();
  const malformed = Object.fromEntries(parser.malformed);
  return { entries, lines: parser.lines, malformed, first: [...parser.firstMalformed] };
}

function parseText(text: string): Parsed {
  return parse([Buffer.from(text)]);
}

/** Every way to cut bytes into up to three chunks. */
function* splits(bytes: Buffer): Generator<Buffer[]> {
  for (let a = 0; a <= bytes.length; a++) {
    for (let b = a; b <= bytes.length; b++) {
      yield [bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)];
    }
  }
}

t.test('a line is a key, a space and a value, which is the rest of it', async (t) => {
  t.strictSame(parseText('a 1\nb two words\nc  x \n').entries, [
    ['a', '1'],
    ['b', 'two words'],
    ['c', ' x '],
  ]);
});

t.test('LF and CRLF end a line, and the end of the file', async (t) => {
  const entries = [
    ['a', '1'],
    ['b', '2'],
  ];
  for (const text of ['a 1\nb 2\n', 'a 1\r\nb 2\r\n', 'a 1\r\nb 2', 'a 1\nb 2', 'a 1\nb 2\r']) {
    t.strictSame(parseText(text), { entries, lines: 2, malformed: {}, first: [] }, JSON.stringify(text));
  }
  t.strictSame(parseText('a 1\r2\nb \r\r\n').entries, [
    ['a', '1\r2'],
    ['b', '\r'],
  ]);
});

t.test('a key with nothing behind the space has an empty value', async (t) => {
  for (const text of ['a \n', 'a \r\n', 'a ', 'a \r']) {
    t.strictSame(parseText(text).entries, [['a', '']], JSON.stringify(text));
  }
});

t.test('empty lines are skipped silently, and counted', async (t) => {
  t.strictSame(parseText('\n\r\na 1\n\nbad\n'), {
    entries: [['a', '1']],
    lines: 5,
    malformed: { 'no value': 1 },
    first: [{ line: 5, reason: 'no value' }],
  });
});

t.test('an empty file has no lines', async (t) => {
  t.strictSame(parse([]), { entries: [], lines: 0, malformed: {}, first: [] });
  t.strictSame(parseText(''), { entries: [], lines: 0, malformed: {}, first: [] });
});

t.test('a byte order mark is skipped at the start only', async (t) => {
  t.strictSame(parseText('\ufeffa 1\n\ufeffb 2\n').entries, [
    ['a', '1'],
    ['\xef\xbb\xbfb', '2'],
  ]);
  t.strictSame(parseText('\ufeff').entries, []);
  t.strictSame(parseText('\ufeff\r\n').malformed, {});
  t.strictSame(parseText('\ufeff12345678 123456789012\r\n').entries, [['12345678', '123456789012']]);
});

t.test('NUL bytes are data', async (t) => {
  t.strictSame(parseText('a\0b \0\0\n').entries, [['a\0b', '\0\0']]);
});

t.test('malformed lines are counted by reason, the first five reported by number', async (t) => {
  const lines = ['no', ' 1', '123456789 1', '1 1234567890123', 'ok 1', '1 \xff', 'no2', 'ok 2', 'no3'];
  t.strictSame(parse([Buffer.from(lines.join('\n'), 'latin1')]), {
    entries: [
      ['ok', '1'],
      ['ok', '2'],
    ],
    lines: 9,
    malformed: { 'no value': 3, 'no key': 1, 'key too long': 1, 'value too large': 1, 'not UTF-8': 1 },
    first: [
      { line: 1, reason: 'no value' },
      { line: 2, reason: 'no key' },
      { line: 3, reason: 'key too long' },
      { line: 4, reason: 'value too large' },
      { line: 6, reason: 'not UTF-8' },
    ],
  });
});

t.test('the longest key and value are well-formed, a byte more is not', async (t) => {
  t.strictSame(parseText('12345678 123456789012').entries, [['12345678', '123456789012']]);
  t.strictSame(parseText('12345678').malformed, { 'no value': 1 });
  t.strictSame(parseText('123456789').malformed, { 'key too long': 1 });
  t.strictSame(parseText('12345678 1234567890123').malformed, { 'value too large': 1 });
  t.strictSame(parse([Buffer.from('k \nk x')], { maxKeySize: 1, maxValueSize: 0 }), {
    entries: [['k', '']],
    lines: 2,
    malformed: { 'value too large': 1 },
    first: [{ line: 2, reason: 'value too large' }],
  });
});

t.test('a line that is not UTF-8 does not take its neighbours along', async (t) => {
  const bad = ['\xff', '\xc3', '\xed\xa0\x80', '\xc0\x80', '\xf4\x90\x80\x80', '\x80'];
  for (const bytes of bad) {
    const text = Buffer.from(`\xc3\xa4 \xe2\x82\xac\nx ${bytes}\n${bytes} x\nb 2\n`, 'latin1');
    const { entries, malformed } = parse([text]);
    t.strictSame(entries, [
      ['\xc3\xa4', '\xe2\x82\xac'],
      ['b', '2'],
    ]);
    t.strictSame(malformed, { 'not UTF-8': 2 });
  }
});

t.test('chunks may begin and end anywhere', async (t) => {
  const texts = [
    '\ufeffa 1\r\nä €\n\n\r\nb two words\r\n𝄞 \nno value: \r\nx\0 \0\nlast 1',
    'tooLongAKey 1\nok 1\nk tooLargeAValue\r\nok 2\nnone\nlong line without any space, and much too long for anything',
    '12345678 123456789012\r\n12345678 1234567890123\n\ufeffk 1\r',
    '\ufeff12345678 123456789012\r\n\n',
  ];
  for (const bytes of [
    ...texts.map((text) => Buffer.from(text)),
    Buffer.from('\xe2\x82 1\n\xe2\x82\xac 1\nx \xe2\x82\n\xac 1\n', 'latin1'),
  ]) {
    const whole = parse([bytes]);
    t.strictSame(parse([...bytes].map((byte) => Buffer.of(byte))), whole);
    let different = 0;
    for (const chunks of splits(bytes)) {
      if (JSON.stringify(parse(chunks)) !== JSON.stringify(whole)) different++;
    }
    t.equal(different, 0);
  }
});

t.test('any bytes, cut anywhere, are parsed as a line splitter would', async (t) => {
  const byte = fc.constantFrom(...Buffer.from('ab \n\r\0äé€\xff', 'latin1'), ...Buffer.from('ä€'));
  fc.assert(
    fc.property(
      fc.array(byte, { maxLength: 120 }),
      fc.array(fc.nat(120), { maxLength: 6 }),
      (bytes, cuts) => {
        const file = Buffer.from(bytes);
        const borders = [0, ...cuts.filter((cut) => cut < file.length).sort((a, b) => a - b), file.length];
        const chunks = borders.slice(1).map((end, i) => file.subarray(borders[i], end));
        t.strictSame(parse(chunks).entries, splitLines(file));
      },
    ),
    { numRuns: 2000 },
  );
});

/** The same, written for clarity. */
function splitLines(file: Buffer): [string, string][] {
  const lines = file
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''));
  return lines.flatMap((line): [string, string][] => {
    const space = line.indexOf(' ');
    const [key, value] = [line.slice(0, space), line.slice(space + 1)];
    const isText = Buffer.from(Buffer.from(line, 'latin1').toString('utf8')).toString('latin1') === line;
    const fits = key.length <= LIMITS.maxKeySize && value.length <= LIMITS.maxValueSize;
    return space > 0 && fits && isText ? [[key, value]] : [];
  });
}

t.test('of a line that is much too long nearly nothing is kept', async (t) => {
  let entries = 0;
  const parser = new LineParser({ maxKeySize: 512, maxValueSize: 1 << 20 }, () => {
    entries++;
  });
  const chunk = Buffer.alloc(1 << 20, 'x');
  const before = process.memoryUsage().arrayBuffers;
  parser.push(Buffer.from('key '));
  for (let i = 0; i < 300; i++) parser.push(chunk);
  const grown = process.memoryUsage().arrayBuffers - before;
  t.ok(grown < 8 << 20, `${grown} bytes more for 300 MiB`);
  parser.push(Buffer.from(`\r\nb 2\n${'y'.repeat(600)}`));
  parser.end();
  t.equal(entries, 1);
  t.equal(parser.lines, 3);
  t.strictSame(parser.firstMalformed, [
    { line: 1, reason: 'value too large' },
    { line: 3, reason: 'key too long' },
  ]);
});

t.test('it is told where in the file each key begins, however it is cut', async (t) => {
  const bytes = Buffer.from('\ufeffa 1\r\n\nb toolongavalue\nc 2\nbad\nlast 3');
  const expected = ['a', 'c', 'last'].map((key) => [key, bytes.indexOf(`${key} `)]);
  let wrong = 0;
  for (const chunks of splits(bytes)) {
    const found: [string, number][] = [];
    const parser = new LineParser(LIMITS, (line, keyStart, keyEnd, _valueStart, _valueEnd, offset) => {
      found.push([line.toString('utf8', keyStart, keyEnd), offset]);
    });
    for (const chunk of chunks) parser.push(Buffer.from(chunk));
    parser.end();
    if (JSON.stringify(found) !== JSON.stringify(expected)) wrong++;
  }
  t.equal(wrong, 0);
});
