/** What the soak takes for right and for wrong: the writer's knowledge of a key, and values that are not as written. */
import t from 'tap';
import { ABSENT, Register } from '../../../src/bench/soak/register.js';
import { readValue, stampedValue } from '../../../src/bench/soak/values.js';

/** A span at this time of the clock. */
function at(time: number) {
  return { began: time, ended: time };
}

t.test('the last acknowledged write counts, or one after it whose fate is unknown', async (t) => {
  const register = new Register(false, 0);
  t.equal(register.judge(ABSENT, at(0)), 'right');
  t.equal(register.judge(1, at(0)), 'stale');
  register.began(1);
  register.acknowledged(1, 0, at(1));
  t.equal(register.judge(1, at(2)), 'right');
  t.equal(register.judge(ABSENT, at(2)), 'lost');
  register.began(2);
  register.unknown(2, 0, at(3));
  t.equal(register.judge(1, at(4)), 'right');
  t.equal(register.judge(2, at(4)), 'right');
  register.began(3);
  register.acknowledged(3, 0, at(5));
  t.equal(register.judge(2, at(6)), 'stale');
  register.began(ABSENT);
  register.acknowledged(ABSENT, 0, at(7));
  t.equal(register.judge(ABSENT, at(8)), 'right');
  t.equal(register.judge(3, at(8)), 'stale');
});

t.test('what may be evicted may be absent, never old', async (t) => {
  const register = new Register(true, 0);
  register.began(1);
  register.acknowledged(1, 0, at(1));
  t.equal(register.judge(ABSENT, at(2)), 'evicted');
  t.equal(register.judge(0, at(2)), 'stale');
});

t.test('a time to live is neither shorter nor longer', async (t) => {
  const register = new Register(false, 0);
  register.began(1);
  register.acknowledged(1, 100, { began: 1000, ended: 1050 });
  t.equal(register.judge(ABSENT, at(1080)), 'lost');
  t.equal(register.judge(1, at(1099)), 'right');
  t.equal(register.judge(ABSENT, at(1101)), 'right');
  t.equal(register.judge(1, at(1140)), 'right');
  t.equal(register.judge(1, at(1200)), 'expired');
  t.equal(register.judge(ABSENT, at(1200)), 'right');
});

t.test('what Redis was told takes a moment to be seen, and once seen it stays', async (t) => {
  const register = new Register(false, 0);
  register.began(1);
  register.acknowledged(1, 0, at(1));
  register.began(2);
  register.acknowledgedByRedis(2, at(10));
  t.equal(register.judge(1, at(20)), 'late');
  t.equal(register.judge(1, at(20_000)), 'stale');
  t.equal(register.judge(2, at(30)), 'right');
  t.equal(register.judge(1, at(31)), 'stale');
});

t.test('that a value has run out of time is seen for a moment after somebody else has written', async (t) => {
  const register = new Register(false, 0);
  register.began(1);
  register.acknowledged(1, 100, at(1));
  register.began(2);
  register.acknowledgedByRedis(2, at(200));
  t.equal(register.judge(ABSENT, at(210)), 'late');
  t.equal(register.judge(2, at(220)), 'right');
  t.equal(register.judge(ABSENT, at(230)), 'lost');

  register.began(3);
  register.acknowledgedByRedis(3, at(300));
  t.equal(register.judge(ABSENT, at(310)), 'lost', 'the value before had all the time');
});

t.test('a value is known by its key, its number and its checksum', async (t) => {
  const value = stampedValue('soak:1:2', 3, 5000);
  t.strictSame(readValue(value), { key: 'soak:1:2', number: 3 });
  t.strictSame(readValue(stampedValue('k', 0, 0)), { key: 'k', number: 0 });
  const torn = Buffer.concat([value.subarray(0, 2000), stampedValue('soak:1:2', 4, 5000).subarray(2000)]);
  t.equal(readValue(torn), undefined);
  t.equal(readValue(value.subarray(0, -1)), undefined);
  t.equal(readValue(Buffer.alloc(0)), undefined);
});
