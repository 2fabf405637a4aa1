/** Leases on entries of a real map: who may publish, and what a lost one leaves. */
import t from 'tap';
import { SharedCache } from '../../shards/index.js';
import { leaseLabel, valueLabel } from '../../src/store/label.js';
import { type Lease, Leases, leaseNumber } from '../../src/store/lease.js';

const SESSION = 7;
const OTHER_SESSION = 8;

function isLease(lease: Lease | string): lease is Lease {
  return typeof lease !== 'string';
}

function taken(lease: Lease | string): Lease {
  if (isLease(lease)) return lease;
  throw new Error(`no lease: ${lease}`);
}

function setUp(): { readonly map: SharedCache; readonly leases: Leases } {
  const map = SharedCache.create({ maxMemory: 2 * 2 ** 20 });
  return { map, leases: new Leases(map.entries) };
}

function outcome(text: string, session = SESSION): Parameters<Leases['publish']>[2] {
  return { value: Buffer.from(text), expiry: 0, label: valueLabel(session, 'fetch') };
}

t.test('a lease is taken for a fetch only in place of what was found', async (t) => {
  const { map, leases } = setUp();
  const first = taken(leases.takeForFetch('k', SESSION, undefined));
  t.equal(leases.takeForFetch('k', SESSION, undefined), 'kept');
  t.equal(map.get('k'), undefined, 'nobody sees it as a value');
  const found = map.entries.read('k');
  const second = taken(leases.takeForFetch('k', OTHER_SESSION, found));
  t.equal(leases.publish('k', first, outcome('of the first')), false);
  t.equal(leases.publish('k', second, outcome('of the second', OTHER_SESSION)), true);
  t.equal(map.getString('k'), 'of the second');
});

t.test('a lease is taken for a write in place of anything', async (t) => {
  const { map, leases } = setUp();
  map.set('k', 'v');
  const fetch = taken(leases.takeForWrite('k', SESSION));
  t.equal(map.get('k'), undefined);
  const write = taken(leases.takeForWrite('k', SESSION));
  t.equal(leases.drop('k', fetch), false);
  t.equal(leases.publish('k', write, outcome('w')), true);
  t.equal(map.getString('k'), 'w');
  t.equal(leases.publish('k', write, outcome('again')), false, 'once');
});

t.test('no lease equals another one', async (t) => {
  const { map, leases } = setUp();
  const numbers = Array.from({ length: 100 }, () => leaseNumber(taken(leases.takeForWrite('k', SESSION))));
  t.equal(new Set(numbers).size, 100);
  t.same(
    numbers.toSorted((a, b) => a - b),
    numbers,
  );
  t.equal(map.entries.read('k')?.label, leaseLabel(SESSION, 'write'));
});

t.test(
  'a lost write leaves only a later one of the same link, and only where they are in order',
  async (t) => {
    const { map, leases } = setUp();
    const lost = taken(leases.takeForWrite('k', SESSION));
    const stays = (isOrdered: boolean): boolean => {
      leases.settle('k', lost, isOrdered);
      return map.entries.read('k') !== undefined;
    };

    leases.takeForWrite('k', SESSION);
    t.equal(stays(true), true, 'a later write');
    t.equal(stays(false), false, 'which may have been overtaken');

    leases.takeForWrite('k', OTHER_SESSION);
    t.equal(stays(true), false, 'a write by another link');

    leases.takeForFetch('k', SESSION, undefined);
    t.equal(stays(true), false, 'a fetch');

    map.entries.put('k', Buffer.from('v'), { label: valueLabel(SESSION, 'write') });
    t.equal(stays(true), false, 'a value');

    const later = taken(leases.takeForWrite('k', SESSION));
    leases.drop('k', later);
    map.entries.put('k', lost.value, { label: lost.label });
    leases.settle('k', later, true);
    t.equal(map.entries.read('k'), undefined, 'an earlier write');
    t.equal(stays(true), false, 'and nothing is nothing');
  },
);
