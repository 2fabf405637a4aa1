/** Which addresses are one client. */
import { test } from 'tap';
import { clientOf } from '../../src/limits/client-address.js';

test('addresses of one client', async (t) => {
  const same: readonly (readonly [string, string])[] = [
    ['10.0.0.1', '::ffff:10.0.0.1'],
    ['10.0.0.1', '::FFFF:10.0.0.1'],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff'],
    ['2001:DB8:1:2::1', '2001:db8:1:2::'],
    ['2001:db8::1', '2001:db8:0:0:1::'],
    ['2001:0db8:0001:0002::1', '2001:db8:1:2::1'],
    ['::1', '::2'],
    ['64:ff9b::1.2.3.4', '64:ff9b::5.6.7.8'],
    ['1::2:3:4:5:6', '1:0:0:2::'],
  ];
  for (const [one, other] of same) t.equal(clientOf(one), clientOf(other), `${one} and ${other}`);
});

test('addresses of different clients', async (t) => {
  const all = [
    '10.0.0.1',
    '10.0.0.2',
    '::1',
    '2001:db8:1:2::1',
    '2001:db8:1:3::1',
    '2001:db8:1:20::1',
    '2001:db8::1:2:3:4:5',
    'fe80::1',
    'fe80::2',
    'fe80::1%eth0',
  ];
  t.equal(new Set(all.map(clientOf)).size, all.length);
  t.equal(clientOf(undefined), '', 'who is gone already');
});
