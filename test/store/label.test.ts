import { test } from 'tap';
import { absenceLabel, kindOf, leaseLabel, sessionOf, valueLabel } from '../../src/store/label.js';
import { MAX_SESSION } from '../../src/store/sessions.js';

test('a label says what an entry is and by which session it came', (t) => {
  for (const session of [0, 1, 4096, MAX_SESSION]) {
    const labels = {
      value: valueLabel(session, 'fetch'),
      absence: absenceLabel(session, 'fetch'),
      fetch: leaseLabel(session, 'fetch'),
      write: leaseLabel(session, 'write'),
    };
    for (const [kind, label] of Object.entries(labels)) {
      t.equal(kindOf(label), kind);
      t.equal(sessionOf(label), session, `${kind} of session ${session}`);
      t.equal(label, label | 0, 'a signed word');
      t.equal(label < 0, kind !== 'value', 'whatever is no value is hidden');
    }
    t.equal(new Set(Object.values(labels)).size, 4);
  }
  t.end();
});
