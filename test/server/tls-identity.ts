/** An identity for servers in tests, of a certificate made on the spot. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Test } from 'tap';
import { TICKET_KEY_BYTES, type TlsIdentity } from '../../src/worker/tls-door.js';
import { makeCertificate } from '../store/fixtures/certificate.js';

export function madeIdentity(t: Pick<Test, 'testdir'>, name = 'tls'): TlsIdentity {
  const { certificate, key } = makeCertificate(t.testdir({ [name]: '' }));
  return {
    certificate: readFileSync(certificate, 'utf8'),
    key: readFileSync(key, 'utf8'),
    ticketKeys: randomBytes(TICKET_KEY_BYTES),
  };
}
