/** Keys in paths and queries: each is the bytes its percent-encoding says, and nothing else answers for it. */
import t from 'tap';
import { serve } from './server-under-test.js';

const LONGEST = 'k'.repeat(512);
const LONGEST_IN_BYTES = 'ü'.repeat(256);
const encoded = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

t.test('what is a key in a path', async (t) => {
  const { ask, connect, cache } = await serve(t);
  const keys: [name: string, path: string, key: string][] = [
    ['a letter', 'a', 'a'],
    ['a slash', 'a%2Fb', 'a/b'],
    ['a slash, lower case', 'a%2fb', 'a/b'],
    ['an encoded percent sign', '%252F', '%2F'],
    ['a percent sign', '100%25', '100%'],
    ['a plus is a plus', 'a+b', 'a+b'],
    ['a space', 'a%20b', 'a b'],
    ['a question mark', 'a%3Fb', 'a?b'],
    ['a hash', 'a%23b', 'a#b'],
    ['NUL', '%00', '\0'],
    ['control characters', '%0d%0a', '\r\n'],
    ['two bytes', '%C3%BC', 'ü'],
    ['four bytes', '%F0%9F%98%80', '\u{1f600}'],
    ['a byte order mark', '%EF%BB%BF', '\ufeff'],
    ['a dot', '.', '.'],
    ['two dots', '..', '..'],
    ['two dots, encoded', '%2e%2E', '..'],
    ['three dots', '...', '...'],
    ['a name of the prototype', '__proto__', '__proto__'],
    ['reserved characters', "!$&'()*,;=:@[]|", "!$&'()*,;=:@[]|"],
    ['512 bytes', LONGEST, LONGEST],
    ['512 bytes, all encoded', encoded(LONGEST), LONGEST],
    ['512 bytes of two-byte characters', encoded(LONGEST_IN_BYTES), LONGEST_IN_BYTES],
  ];
  const client = await connect();
  for (const [name, path, key] of keys) {
    for (const prefix of ['', '/v1', 'http://proxy.example/v1']) {
      const value = `${prefix}${name}`;
      await client.send(
        `PUT ${prefix}/store/${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${value.length}\r\n\r\n${value}`,
      );
      t.equal((await client.answer()).status, 200, `${prefix} stores ${name}`);
      t.equal(cache.map.getString(key), value, `${name} is the right key`);
      await client.send(`GET ${prefix}/get/${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
      t.equal((await client.answer()).text, value, `${prefix} reads ${name}`);
    }
    t.equal((await ask('GET', `/?key=${encoded(key)}`)).status, 200, `${name} in a query`);
    t.equal(JSON.parse((await ask('GET', `/lookup?key=${encoded(key)}`)).text).key, key, `${name} looked up`);
  }
});

t.test('what is none', async (t) => {
  const { connect } = await serve(t);
  const paths: [name: string, path: string][] = [
    ['nothing', ''],
    ['513 bytes', `${LONGEST}k`],
    ['513 bytes, encoded', encoded(`${LONGEST}k`)],
    ['512 characters of 514 bytes', `${'k'.repeat(510)}%C3%BC%C3%BC`],
    ['a byte that is no UTF-8', '%FF'],
    ['half a character', '%C3'],
    ['an overlong form', '%C0%AF'],
    ['a surrogate', '%ED%A0%80'],
    ['beyond Unicode', '%F5%80%80%80'],
    ['no hexadecimal digits', '%zz'],
    ['one digit', '%4'],
    ['a lone percent sign', '%'],
  ];
  const client = await connect();
  for (const [name, path] of paths) {
    for (const prefix of ['', '/v1']) {
      for (const line of [
        `GET ${prefix}/get/${path}`,
        `PUT ${prefix}/store/${path}`,
        `DELETE ${prefix}/store/${path}`,
      ]) {
        await client.send(`${line} HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc`);
        const answer = await client.answer();
        t.equal(answer.status, 400, `${line.slice(0, 30)}: ${name}`);
        t.match(JSON.parse(answer.text), {
          statusCode: 400,
          error: 'Bad Request',
          message: 'a key is 1 to 512 bytes of UTF-8, percent-encoded',
        });
      }
      await client.send(`POST ${prefix}/get/${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n`);
      t.match(await client.answer(), { status: 405, headers: { allow: 'GET, HEAD' } }, `POST: ${name}`);
    }
  }
  for (const path of [
    '/%FF',
    '/v1/%FF',
    '/healthz%FF',
    '/get%FF',
    '/get/%FF/',
    '/nowhere/%FF',
    '/lookup/%',
  ]) {
    await client.send(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    t.equal((await client.answer()).status, 404, `${path} is none of a key`);
  }
});

t.test('keys in queries', async (t) => {
  const { ask } = await serve(t);
  await ask('PUT', '/store/a%20b', { body: 'space' });
  await ask('PUT', '/store/a+b', { body: 'plus' });
  const cases: [query: string, status: number, text?: string][] = [
    ['key=a+b', 200, 'space'],
    ['key=a%20b', 200, 'space'],
    ['key=a%2Bb', 200, 'plus'],
    ['k%65y=a+b', 200, 'space'],
    ['x=1&key=a+b&y', 200, 'space'],
    ['%FF=1&key=a+b', 200, 'space'],
    ['key=none', 404, 'Key not found'],
    ['key', 400],
    ['key=', 400],
    ['key=%FF', 400],
    ['key=%C0%AF', 400],
    ['key=%zz', 400],
    ['key=a&key=b', 400],
    [`key=${LONGEST}k`, 400],
  ];
  for (const [query, status, text] of cases) {
    for (const root of ['/', '/v1', '/v1/']) {
      const answer = await ask('GET', `${root}?${query}`);
      t.equal(answer.status, status, `${root}?${query}`);
      if (text !== undefined) t.equal(answer.text, text);
      else t.match(JSON.parse(answer.text), { statusCode: 400, message: String });
    }
  }
});

t.test('dots lead nowhere else', async (t) => {
  const { connect } = await serve(t);
  const client = await connect();
  for (const path of [
    '/get/../healthz',
    '/get/%2e%2e/stats',
    '/./',
    '/x/..',
    '/../../etc/passwd',
    '/v1/./healthz',
  ]) {
    await client.send(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    t.equal((await client.answer()).status, 404, path);
  }
});
