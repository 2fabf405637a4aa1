/** Which requests the fast lane lets in by itself where tokens are needed or the rate is limited. */
import t, { type Test } from 'tap';
import { RateLimit } from '../../src/limits/rate.js';
import { Tokens } from '../../src/limits/tokens.js';
import { LocalCache } from '../../src/store/local.js';
import { type ReadResult, UNCERTAIN, WrongTypeError } from '../../src/store/tiered.js';
import { type LaneSetup, serveLane } from './lane-under-test.js';

const TOKEN = 'Authorization: Bearer secret\r\n';

function request(line: string, headers = '', body = ''): string {
  const length = line.startsWith('P') ? `Content-Length: ${body.length}\r\n` : '';
  return `${line} HTTP/1.1\r\nHost: h\r\n${headers}${length}\r\n${body}`;
}

/** One connection, and how often one has been handed to the Hapi server. */
async function connected(t: Test, setup: LaneSetup) {
  const server = await serveLane(t, setup);
  const seen = { handOvers: 0 };
  server.listener.on('connection', () => seen.handOvers++);
  const client = await server.connect();
  const ask = async (text: string): Promise<number> => {
    await client.send(text);
    return (await client.answer()).status;
  };
  return { ...server, ask, seen };
}

/** A limit at a time that the test sets, in seconds. */
function limitAt(clock: { seconds: number }, rate: number): RateLimit {
  const handle = RateLimit.create({ rate });
  return RateLimit.attach(handle, () => [handle.origin + clock.seconds, 0]);
}

t.test('with a token that is enough the hot requests are answered in the lane', async (t) => {
  const { ask, seen } = await connected(t, { tokens: new Tokens('secret', 'look') });
  t.equal(await ask(request('PUT /store/k', TOKEN, 'value')), 200);
  t.equal(await ask(request('GET /get/k', TOKEN)), 200);
  t.equal(await ask(request('GET /get/k', 'authorization: bearer look\r\n')), 200);
  t.equal(await ask(request('GET /', TOKEN)), 200);
  t.equal(await ask(request('GET /')), 200, 'the greeting without one');
  t.equal(seen.handOvers, 0);
  t.equal(await ask(request('GET /get/k')), 401);
  t.equal(seen.handOvers, 1);
});

for (const [name, refused, status] of [
  ['a wrong token', request('GET /get/k', 'Authorization: Bearer secreT\r\n'), 401],
  ['a read-only token that writes', request('PUT /store/k', 'Authorization: Bearer look\r\n', 'v'), 403],
  ['two tokens', request('GET /get/none', TOKEN + TOKEN), 404],
] as const) {
  t.test(`${name} is for the Hapi server to judge`, async (t) => {
    const { ask, seen } = await connected(t, { tokens: new Tokens('secret', 'look') });
    t.equal(await ask(refused), status);
    t.equal(seen.handOvers, 1);
  });
}

t.test('up to the rate limit requests are answered in the lane, and past it they are 429', async (t) => {
  const clock = { seconds: 10 };
  const { ask, seen } = await connected(t, { rate: limitAt(clock, 3) });
  const three = [request('GET /'), request('PUT /store/k', '', 'v'), request('GET /get/k')];
  for (const text of three) t.equal(await ask(text), 200);
  t.equal(seen.handOvers, 0);
  t.equal(await ask(request('GET /get/k')), 429);
  t.equal(seen.handOvers, 1);
});

/** A cache that can't answer at once, and then has no value to give. */
class Elsewhere extends LocalCache {
  override readInto(): number {
    return UNCERTAIN;
  }

  override async get(): Promise<ReadResult | undefined> {
    throw new WrongTypeError('it is a list');
  }
}

t.test(
  'a request is counted once, whoever answers it in the end, and in however many pieces it comes',
  async (t) => {
    const rate = limitAt({ seconds: 10 }, 20);
    const bucket = rate.bucketOf('127.0.0.1');
    const cache = (...parts: ConstructorParameters<typeof Elsewhere>) => new Elsewhere(...parts);
    const { ask, connect, seen } = await connected(t, { rate, cache });
    t.equal(await ask(request('GET /get/k')), 409, 'by the Hapi server, after the lane has asked');
    t.equal(seen.handOvers, 1);
    t.equal(bucket.usage.remaining, 19);
    const client = await connect();
    for (const byte of request('PUT /store/k', '', 'value')) await client.send(byte);
    t.equal((await client.answer()).status, 200);
    t.equal(bucket.usage.remaining, 18);
    await client.send(request('GET /?key=k'));
    t.equal((await client.answer()).status, 409, 'never in the lane');
    t.equal(bucket.usage.remaining, 17);
  },
);
