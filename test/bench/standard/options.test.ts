/** The flags of `hotshard bench`. */
import { test } from 'tap';
import { parseOptions } from '../../../src/bench/standard/options.js';
import { UsageError } from '../../../src/config/errors.js';

test('the standard benchmark, unless told otherwise', (t) => {
  const standard = {
    ...{ keys: 10_000, valueSize: 32, connections: 64, duration: 10, ratio: 0.8, rounds: 3 },
    rate: { kind: 'share', share: 0.5 },
    ...{ url: undefined, token: undefined, out: undefined, serverFlags: [], isStandard: true },
  };
  t.strictSame(parseOptions({}, []), standard);
  t.strictSame(parseOptions({ $0: 'hotshard', out: 'x' }, []), { ...standard, out: 'x' });
  t.end();
});

test('what is changed is no longer standard', (t) => {
  const quick = parseOptions({ quick: true }, []);
  t.match(quick, { keys: 500, connections: 8, duration: 0.3, rounds: 1, isStandard: false });
  t.match(parseOptions({ quick: true, keys: '7', duration: '1m' }, []), { keys: 7, duration: 60 });
  t.match(parseOptions({ 'value-size': '4kb' }, []), { valueSize: 4096, isStandard: false });
  t.match(parseOptions({ rate: '20000' }, []), { rate: { kind: 'fixed', requests: 20_000 } });
  t.match(parseOptions({ ratio: '0' }, ['--workers', '2']), {
    ...{ ratio: 0, serverFlags: ['--workers', '2'], isStandard: false },
  });
  t.equal(parseOptions({ url: 'http://there:81' }, []).url?.host, 'there:81');
  t.match(parseOptions({}, [], 'a'), { token: 'a', isStandard: false });
  for (const flags of [['--auth-token', 'b=c'], ['--auth-token=b=c']]) {
    t.equal(parseOptions({}, flags, 'a').token, 'b=c', 'that of the server that is started');
  }
  t.end();
});

test('what is wrong is said, with the flag and what is allowed', (t) => {
  const wrong = (message: RegExp, flags: Readonly<Record<string, unknown>>, serverFlags: string[] = []) =>
    t.throws(() => parseOptions(flags, serverFlags), { message, constructor: UsageError }, String(message));
  wrong(/^bad value "0" for --keys: must be a whole number from 1 to/, { keys: '0' });
  wrong(/^bad value "2mb" for --value-size: .* from 1 to 1mb$/, { 'value-size': '2mb' });
  wrong(/^bad value "1e3" for --connections: must be/, { connections: '1e3' });
  wrong(/^bad value "1ms" for --duration: .* from 100ms to 10m$/, { duration: '1ms' });
  wrong(/^bad value "101" for --ratio: .* from 0 to 100/, { ratio: '101' });
  wrong(/^bad value "0%" for --rate: .* from 1% to 100%$/, { rate: '0%' });
  wrong(/^bad value "" for --rounds: must be/, { rounds: '' });
  wrong(/^bad value "" for --out: must be/, { out: '' });
  wrong(/^bad value "https:.* for --url: must be an http:\/\/ URL .*https:/, { url: 'https://there' });
  wrong(/^bad value .* for --url: .* without a path/, { url: 'http://there/path' });
  wrong(/none with --url$/, { url: 'http://there' }, ['--workers', '2']);
  wrong(/^--port=1 can't be set after --/, {}, ['--workers', '2', '--port=1']);
  wrong(/^-p can't be set after --/, {}, ['-p', '1']);
  t.end();
});
