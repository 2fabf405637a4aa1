/** `--tls-cert` and `--tls-key`: the files are read and checked at the start, and again at SIGHUP. */
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { badValue, messageOf, quote, UsageError } from '../config/errors.js';
import { OPTIONS } from '../config/options.js';
import { TICKET_KEY_BYTES, type TlsIdentity } from '../worker/tls-door.js';

type Paths = Pick<Config, 'tlsCert' | 'tlsKey'>;

/**
 * What the two files hold; undefined when there is no TLS.
 *
 * @throws {UsageError} when only one of them is named, or one can't be read, is not what it should be, or does not belong to the other
 */
export function readIdentity({ tlsCert, tlsKey }: Paths): TlsIdentity | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsKey === undefined) throw missing('tlsCert', 'tlsKey');
  if (tlsCert === undefined) throw missing('tlsKey', 'tlsCert');
  const badCertificate = (reason: string): UsageError => bad('tlsCert', tlsCert, reason);
  const badKey = (reason: string): UsageError => bad('tlsKey', tlsKey, reason);

  const certificate = contentOf(tlsCert, badCertificate);
  const key = contentOf(tlsKey, badKey);
  const leaf = orElse(() => leafOf(certificate), badCertificate, 'it holds none');
  const privateKey = orElse(() => createPrivateKey(key), badKey, whyNoKey(key));
  if (!leaf.checkPrivateKey(privateKey))
    throw badKey(`it is not the key of the certificate in ${quote(tlsCert)}`);
  try {
    createSecureContext({ cert: certificate, key });
  } catch (error) {
    throw badCertificate(messageOf(error));
  }
  return { certificate, key, ticketKeys: randomBytes(TICKET_KEY_BYTES) };
}

/** The certificate of the program while it runs: what its files held when they were last right. */
export class Certificate {
  readonly #paths: Paths;
  readonly #logger: Logger;
  #identity: TlsIdentity | undefined;

  /** @param identity what the files hold now; absent: no TLS */
  constructor(paths: Paths, identity: TlsIdentity | undefined, logger: Logger) {
    this.#paths = paths;
    this.#identity = identity;
    this.#logger = logger;
  }

  /** What new workers begin with. */
  get identity(): TlsIdentity | undefined {
    return this.#identity;
  }

  /**
   * Reads the files again at every SIGHUP, until the function it returns is called. When they are not right, the log says
   * why, and what was there before stays. Without TLS the signal does nothing; unwatched, it would end the program.
   *
   * @param use is given what the files hold now
   */
  watch(use: (identity: TlsIdentity) => void): () => void {
    const onSignal = (): void => {
      const identity = this.#reload();
      if (identity !== undefined) use(identity);
    };
    process.on('SIGHUP', onSignal);
    return () => process.removeListener('SIGHUP', onSignal);
  }

  #reload(): TlsIdentity | undefined {
    if (this.#identity === undefined) {
      this.#logger.info('SIGHUP: there is no certificate to read again');
      return undefined;
    }
    try {
      const identity = readIdentity(this.#paths);
      if (identity === undefined) return undefined;
      this.#identity = identity;
      const { subject, validTo } = new X509Certificate(identity.certificate);
      this.#logger.info({ subject, validTo }, 'certificate read again: new connections get it');
      return identity;
    } catch (error) {
      this.#logger.error({ reason: messageOf(error) }, 'certificate not read again: the old one stays');
      return undefined;
    }
  }
}

function missing(given: keyof Paths, absent: keyof Paths): UsageError {
  return new UsageError(`--${OPTIONS[given].flag} needs --${OPTIONS[absent].flag}: must be both or neither`);
}

function bad(option: keyof Paths, path: string, reason: string): UsageError {
  const { flag, allowed } = OPTIONS[option];
  return badValue(`--${flag}`, path, `${allowed}: ${reason}`);
}

function contentOf(path: string, failure: (reason: string) => UsageError): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw failure(messageOf(error));
  }
}

/** The first certificate, which is the server's own. */
function leafOf(pem: string): X509Certificate {
  // Binary certificates would be taken here and refused by TLS.
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new TypeError('no PEM');
  return new X509Certificate(pem);
}

function whyNoKey(pem: string): string {
  return /ENCRYPTED/.test(pem) ? 'it has a passphrase' : 'it holds none';
}

function orElse<T>(make: () => T, failure: (reason: string) => UsageError, reason: string): T {
  try {
    return make();
  } catch {
    throw failure(reason);
  }
}
