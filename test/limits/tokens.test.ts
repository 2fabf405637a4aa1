/** Which token allows what. */
import { test } from 'tap';
import { Tokens } from '../../src/limits/tokens.js';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

test('the tokens are told apart, and from everything else', async (t) => {
  const tokens = new Tokens('secret', 'look');
  t.equal(tokens.required, true);
  const longest = 'x'.repeat(512);
  const presented: readonly [token: string, access: 'full' | 'read-only' | undefined][] = [
    ['secret', 'full'],
    ['look', 'read-only'],
    ['', undefined],
    ['secre', undefined],
    ['secrets', undefined],
    ['Secret', undefined],
    ['secreT', undefined],
    ['secret\0', undefined],
    ['secret ', undefined],
    [' secret', undefined],
    ['\0secret', undefined],
    ['loo', undefined],
    ['secretlook', undefined],
    [longest, undefined],
    [`secret${longest}`, undefined],
  ];
  for (const [token, access] of presented) {
    t.equal(tokens.check(token), access, `text ${token.slice(0, 20)}`);
    t.equal(tokens.check(bytes(token)), access, `bytes ${token.slice(0, 20)}`);
    t.equal(tokens.check(bytes(`a${token}b`), 1, 1 + token.length), access, `part ${token.slice(0, 20)}`);
  }
  t.equal(new Tokens(longest).check(longest), 'full', 'the longest there is');
  t.equal(tokens.check('\u0173ecret'), undefined, 'whose low byte is that of an s');
});

test('without tokens nothing is required, and nothing is right', async (t) => {
  const tokens = new Tokens(undefined);
  t.equal(tokens.required, false);
  for (const token of ['', '\0', 'undefined']) t.equal(tokens.check(token), undefined, token);
  t.equal(new Tokens('secret').check(''), undefined, 'an absent read-only token is not the empty one');
});

test('a header has the scheme Bearer, however it is written, and the token', async (t) => {
  const tokens = new Tokens('secret', 'look');
  for (const value of ['Bearer secret', 'bearer secret', 'BEARER   secret'])
    t.equal(tokens.checkHeader(value), 'full', value);
  t.equal(tokens.checkHeader('Bearer look'), 'read-only');
  const wrong = [
    'secret',
    'Bearer',
    'Bearer ',
    'Bearersecret',
    'Basic secret',
    'Bearer\tsecret',
    'Bearer secret secret',
    'Bearer "secret"',
    ' Bearer secret',
  ];
  for (const value of [undefined, '', ...wrong]) t.equal(tokens.checkHeader(value), undefined, String(value));
});
