/** Sizes and durations as people write them. */
import { test } from 'tap';
import { parseDuration, parseSize } from '../../src/config/units.js';

test('a size is a number of bytes, or an amount with kb, mb or gb in powers of 1024', async (t) => {
  const sizes: readonly [text: string, bytes: number][] = [
    ['0', 0],
    ['1048576', 1_048_576],
    ['0kb', 0],
    ['64kb', 65_536],
    ['256mb', 268_435_456],
    ['2gb', 2_147_483_648],
    ['1.5gb', 1_610_612_736],
    ['0.5kb', 512],
    ['1KB', 1024],
    ['1Mb', 1_048_576],
    ['1gB', 1_073_741_824],
  ];
  for (const [text, bytes] of sizes) t.equal(parseSize(text), bytes, text);
});

test('a fraction of a byte is rounded, but never to nothing', async (t) => {
  t.equal(parseSize('0.3kb'), 307);
  t.equal(parseSize('0.0001kb'), 1);
});

test('what is no size is undefined', async (t) => {
  const texts = [
    '',
    'kb',
    '-1',
    '+1',
    '1.5',
    '.5kb',
    '1e3',
    '0x10',
    '1 kb',
    ' 1',
    '1g',
    '1tb',
    '256mbb',
    '1,5gb',
  ];
  for (const text of [...texts, '9007199254740993', '99999999999gb', 'NaN', 'Infinity', '1kb\n']) {
    t.equal(parseSize(text), undefined, JSON.stringify(text));
  }
});

test('a duration is an amount with ms, s, m, h or d, or a number of seconds', async (t) => {
  const durations: readonly [text: string, milliseconds: number][] = [
    ['0', 0],
    ['0h', 0],
    ['250ms', 250],
    ['10s', 10_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['10', 10_000],
    ['0.25', 250],
    ['1.5h', 5_400_000],
    ['1.1s', 1100],
  ];
  for (const [text, milliseconds] of durations) t.equal(parseDuration(text), milliseconds, text);
});

test('a duration below a millisecond is one millisecond, because 0 would mean none', async (t) => {
  t.equal(parseDuration('0.1ms'), 1);
  t.equal(parseDuration('0.00001'), 1);
});

test('what is no duration is undefined', async (t) => {
  for (const text of [
    '',
    's',
    '-5',
    '-5s',
    '1e3',
    '0x10',
    '10 s',
    '10sec',
    '1w',
    '10S',
    '5s\n',
    '1h30m',
    'none',
  ]) {
    t.equal(parseDuration(text), undefined, JSON.stringify(text));
  }
  t.equal(parseDuration('999999999999d'), undefined, 'beyond the safe integers');
});
