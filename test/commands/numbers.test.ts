/** Numbers where hotshard and Redis differ: fractions have the precision of doubles. */
import t from 'tap';
import { Rig } from './rig.js';

t.test('INCRBYFLOAT computes in doubles, and writes 17 significant digits at most', async (t) => {
  for (const [value, increment, sum] of [
    ['0.1', '0.2', '0.30000000000000004'],
    ['10.5', '0.1', '10.6'],
    ['0', '0.1', '0.1'],
    ['0', '1e21', '1000000000000000000000'],
    ['0', '-1.5e300', `-15${'0'.repeat(299)}`],
    ['0', '1e-7', '0.0000001'],
    ['0', '-1.25e-10', '-0.000000000125'],
    ['1', '-1', '0'],
    ['0', '-0', '0'],
    ['0', '1e-400', '0'],
    ['0x10', '0x.8', '16.5'],
    ['0', '-0x1p-1', '-0.5'],
  ] as const) {
    const rig = Rig.create();
    rig.say(`SET f ${value}`);
    t.equal(rig.say(`INCRBYFLOAT f ${increment}`), sum);
    t.equal(rig.say('GET f'), sum);
  }
});

t.test('what is no double is no float', async (t) => {
  const rig = Rig.create();
  rig.say('SET f 1.7e308');
  t.equal(rig.say('INCRBYFLOAT f 1e400'), '-ERR value is not a valid float');
  t.equal(rig.run('INCRBYFLOAT', 'f', '1'.repeat(6000)), '-ERR value is not a valid float');
  t.equal(rig.say('INCRBYFLOAT f 1.7e308'), '-ERR increment would produce NaN or Infinity');
  t.equal(rig.say('GET f'), '1.7e308');
});

t.test(
  'whole numbers are exact to 64 bits, and stay so through what needs no more than a number',
  async (t) => {
    const rig = Rig.create();
    t.equal(rig.say('INCRBY n 999999999999999'), 999_999_999_999_999);
    t.equal(rig.say('INCRBY n 999999999999999'), 1_999_999_999_999_998);
    t.equal(rig.say('INCRBY n 9007199254740993'), 11_007_199_254_740_991n);
    t.equal(rig.say('INCR n'), 11_007_199_254_740_992n);
    t.equal(rig.say('GET n'), '11007199254740992');
  },
);
