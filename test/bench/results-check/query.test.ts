/** What the titles of figures can ask a CSV file, and how the answer is compared with what is printed. */
import { test } from 'tap';
import { readCsv } from '../../../src/bench/csv-table.js';
import { correction, printedAs } from '../../../src/bench/results-check/printed.js';
import { ask } from '../../../src/bench/results-check/query.js';

const TABLE = readCsv(
  'a.csv',
  [
    'mix,contender,threads,round,rate,redis_us,node',
    '80/20,hotshard,1,1,10,,v20',
    '80/20,hotshard,1,2,20,,v20',
    '80/20,hotshard,2,1,19,,v20',
    '80/20,hotshard,2,2,44,,v20',
    'reads,"lru-cache, ttl",1,1,5,0.50,v20',
    'reads,"lru-cache, ttl",1,2,7,1.50,v20',
  ].join('\n'),
);

const answers = (query: string) => ask(query, TABLE);

test('aggregates', (t) => {
  t.equal(answers('median rate'), 14.5);
  t.equal(answers('min rate'), 5);
  t.equal(answers('max rate'), 44);
  t.equal(answers('sum rate'), 105);
  t.equal(answers('mean rate'), 17.5);
  t.equal(answers('count rate'), 6);
  t.equal(answers('count redis_us'), 2, 'empty cells do not count');
  t.equal(answers('p50 rate'), 10, 'half of them are not above it');
  t.equal(answers('p99.9 rate'), 44);
  t.equal(answers('the node'), 'v20');
  t.equal(answers('the rate where round=1, threads=2'), 19);
  t.end();
});

test('conditions', (t) => {
  t.equal(answers('sum rate where contender=hotshard, mix=80/20, threads=1'), 30);
  t.equal(answers("sum rate where contender='lru-cache, ttl'"), 12);
  t.equal(answers('sum rate where redis_us=0.5'), 5, 'numbers are compared as numbers');
  t.equal(answers('count rate where mix!=80/20'), 2);
  t.equal(answers("sum rate where contender^='lru-cache,'"), 12);
  t.equal(answers('count rate where rate>=10, rate<44'), 3);
  t.equal(answers('count rate where rate>10, rate<=44'), 3);
  t.equal(answers('count rate where rate=5 or 7 or 44'), 3);
  t.end();
});

test('arithmetic', (t) => {
  t.equal(answers('max rate / 4 * 2 - 1'), 21);
  t.equal(answers('100 * (max rate - min rate) / min rate'), 780);
  t.equal(answers('sum rate where mix=80/20 / sum rate where mix=reads'), 7.75);
  t.end();
});

test('by groups', (t) => {
  t.equal(answers('median by round (the rate where threads=2 / the rate where threads=1, mix=80/20)'), 2.05);
  t.equal(answers('count by mix threads (sum rate)'), 3);
  t.equal(answers('max by mix (sum rate where threads=2)'), 63, 'groups without it are left out');
  t.end();
});

test('what is wrong with a query is said', (t) => {
  const wrong = (query: string, message: string | RegExp) =>
    t.throws(() => answers(query), { message }, query);
  wrong(
    'median rats',
    'there is no column "rats", only mix, contender, threads, round, rate, redis_us, node',
  );
  wrong('middle rate', '"middle" is no aggregate: median min max sum mean count the p99');
  wrong('median rate where mix=writes', 'no "mix" is "writes", only "80/20", "reads"');
  wrong('max by round (the rate where mix=writes)', 'no "mix" is "writes", only "80/20", "reads"');
  wrong('median rate where mix=reads, threads=2', 'no row has a "rate" with these conditions');
  wrong('max by round (the rate where mix=reads, threads=2)', 'no group by round has what is asked for');
  wrong('median mix', '"80/20" is no number');
  wrong('the rate', /^the rows have different values: "10", "20"/);
  wrong('median rate where mix reads', /"reads" is no comparison/);
  wrong('median rate /', '"the end" is no aggregate: median min max sum mean count the p99');
  wrong('median rate rate', '"rate" is not expected in the query');
  wrong('(median rate', '")" is expected in the query, not "the end"');
  wrong("median rate where mix='a", /^can't read the query from/);
  t.end();
});

test('a figure is right as far as it is printed', (t) => {
  const right = (text: string, value: number | string) => t.equal(correction(text, value), undefined, text);
  right('14,013', 14013.4);
  right('70.0', 70.04);
  right('0.85', 0.845);
  right('12 %', 12.49);
  right('1.9 times', 1.949);
  right('about 140 ns', 144.9);
  right('v20', 'v20');
  right('−3', -3.2);
  const wrong = (text: string, value: number | string, instead: string) =>
    t.equal(correction(text, value), instead);
  wrong('14,013', 14014, '14,014');
  wrong('70.0', 70.06, '70.1');
  wrong('12 %', 1200.6, '1,201 %');
  wrong('about 140 ns', 145.1, 'about 150 ns');
  wrong('v20', 'v22', 'v22');
  t.throws(() => correction('10 to 20', 10), {
    message: 'there must be one number in the text of a link, not 2',
  });
  t.throws(() => correction('twice', 2), { message: /not 0$/ });
  t.equal(printedAs(1234.5, 2), '1,234.50');
  t.end();
});
