/** `/openapi.json`: a valid document, of all routes there are and of no others, and true of the answers of a live server. */
import type { OutgoingHttpHeaders } from 'node:http';
import { Validator } from '@seriousme/openapi-schema-validator';
import t, { type Test } from 'tap';
import type { SharedCache } from '../../shards/index.js';
import { RateLimit } from '../../src/limits/rate.js';
import { Tokens } from '../../src/limits/tokens.js';
import { LocalCache } from '../../src/store/local.js';
import { type ReadResult, StoreUnavailableError, WrongTypeError } from '../../src/store/tiered.js';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { contradictions, type Document, METHODS, responseFor } from './openapi-document.js';
import { type Asking, limitOf, type Setup, serve, type UnderTest } from './server-under-test.js';

/** A cache over a store in which some keys make trouble. */
class Troubled extends LocalCache {
  override get(key: string): ReadResult | undefined | Promise<ReadResult | undefined> {
    if (key === 'list') throw new WrongTypeError('a list');
    if (key === 'away') throw new StoreUnavailableError('away', 1.5);
    if (key === 'bug') throw new TypeError('bug');
    return super.get(key);
  }
}

const troubled = (map: SharedCache, state: ProcessState) => new Troubled(map, state);

async function describedServer(
  t: Test,
  setup: Setup = {},
): Promise<{ server: UnderTest; document: Document }> {
  const server = await serve(t, { cache: troubled, maxValueSize: 100, ...setup });
  const { document } = await describe(server);
  return { server, document };
}

async function describe({ ask }: UnderTest, path = '/openapi.json') {
  const answer = await ask('GET', path);
  return { answer, document: JSON.parse(answer.text) as Document };
}

t.test('the document is valid OpenAPI 3.1, of this version', async (t) => {
  const server = await serve(t);
  for (const path of ['/openapi.json', '/v1/openapi.json']) {
    const { answer, document } = await describe(server, path);
    t.equal(answer.status, 200);
    t.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
    const validator = new Validator();
    t.strictSame(await validator.validate(document), { valid: true });
    t.equal(validator.version, '3.1');
    const stats = JSON.parse((await server.ask('GET', '/stats')).text);
    t.match(document.info, { title: 'hotshard', version: stats.version });
  }
});

t.test('every route is described, and nothing else', async (t) => {
  const { server, document } = await describedServer(t);
  const described = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method] !== undefined).flatMap((method) =>
      document.servers.map(({ url }) => `${method} ${url === '/' ? '' : url}${path}`),
    ),
  );
  const routed = server.hapi.table().flatMap(({ method, path }) => {
    // Hapi adds HEAD by itself; `*` is what answers 405.
    const methods = method === 'get' ? ['get', 'head'] : [method];
    return methods.filter((name) => name !== '*').map((name) => `${name} ${asTemplate(path)}`);
  });
  t.strictSame([...new Set(described)].sort(), [...new Set(routed)].sort());
  const ids = Object.values(document.paths).flatMap((item) =>
    METHODS.map((method) => item[method]?.operationId),
  );
  const named = ids.filter((id) => id !== undefined);
  t.equal(new Set(named).size, named.length, 'operations have names of their own');
});

t.test('answers are what the document says, and it says no more than there are', async (t) => {
  const { server, document } = await describedServer(t);
  await server.ask('PUT', '/store/k', { body: 'value' });
  const long = 'k'.repeat(513);
  const huge: Asking = { headers: { 'x-long': 'x'.repeat(17_000) } };
  const large: Asking = { body: Buffer.alloc(17 * 1024 * 1024) };
  const cases: [method: string, template: string, rest: string, status: number, asking?: Asking][] = [
    ['GET', '/', '', 200],
    ['GET', '/', '?key=k', 200],
    ['GET', '/', '?key=none', 404],
    ['GET', '/', '?nokey', 400],
    ['GET', '/', '?key=%FF', 400],
    ['GET', '/', '?key=list', 409],
    ['GET', '/', '?key=away', 503],
    ['GET', '/get/{key}', 'k', 200],
    ['GET', '/get/{key}', '', 400],
    ['GET', '/get/{key}', long, 400],
    ['GET', '/get/{key}', '%FF', 400],
    ['GET', '/get/{key}', 'none', 404],
    ['GET', '/get/{key}', 'list', 409],
    ['GET', '/get/{key}', 'away', 503],
    ['GET', '/get/{key}', 'bug', 500],
    ['GET', '/get/{key}', 'k', 431, huge],
    ['PATCH', '/get/{key}', 'k', 405],
    ['POST', '/store/{key}', 'new', 200, { body: 'v' }],
    ['PUT', '/store/{key}', 'new?ttl=0.5', 200, { body: '' }],
    ['PUT', '/store/{key}', 'new?ttl=x', 400, { body: 'v' }],
    ['POST', '/store/{key}', 'new', 413, { body: 'v'.repeat(101) }],
    ['PUT', '/store/{key}', 'new', 413, { body: 'v'.repeat(101) }],
    ['DELETE', '/store/{key}', 'none', 404],
    ['GET', '/lookup', '?key=k', 200],
    ['GET', '/lookup', '?key=none', 404],
    ['GET', '/lookup', '', 400],
    ['GET', '/lookup', `?key=${long}`, 400],
    ['GET', '/lookup', '?key=list', 409],
    ['GET', '/lookup', '?key=away', 503],
    ['GET', '/lookup', '?key=bug', 500],
    ['DELETE', '/lookup', '', 405],
    ['GET', '/stats', '', 200],
    ['GET', '/metrics', '', 200],
    ['POST', '/', '', 200, { body: '["SET","k","value"]' }],
    ['POST', '/', '', 400, { body: '["NO"]' }],
    ['POST', '/', '', 413, large],
    ['POST', '/pipeline', '', 200, { body: '[["GET","k"],["NO"]]' }],
    ['POST', '/pipeline', '', 400, { body: '["GET","k"]' }],
    ['POST', '/pipeline', '', 413, large],
    ['POST', '/multi-exec', '', 200, { body: '[["GET","k"],["INCR","k"]]' }],
    ['POST', '/multi-exec', '', 400, { body: '[["NO"]]' }],
    ['POST', '/multi-exec', '', 413, large],
    ['GET', '/stats', '?hot', 200],
    ['GET', '/stats', '?hot=0', 400],
    ['GET', '/healthz', '', 200],
    ['GET', '/readyz', '', 200],
    ['GET', '/openapi.json', '', 200],
  ];
  const seen = new Set<string>();
  const check = async (
    method: string,
    template: string,
    rest: string,
    status: number,
    asking?: Asking,
    from = server,
  ): Promise<void> => {
    for (const prefix of ['', '/v1']) {
      const target = prefix + template.replace('{key}', '') + rest;
      const answer = await from.ask(method, target, asking);
      t.equal(answer.status, status, `${method} ${target}`);
      // 405 is every operation's of the path.
      const item = document.paths[template];
      const names = [...METHODS.filter((known) => known === method.toLowerCase()), ...METHODS];
      const operation = names.map((name) => item?.[name]).find((found) => found !== undefined);
      if (operation === undefined) throw new Error(`${template} is not described`);
      t.strictSame(contradictions(document, operation, answer, method === 'HEAD'), [], `${method} ${target}`);
      seen.add(operation.responses[status]?.$ref ?? `${operation.operationId} ${status}`);
    }
  };
  for (const [method, template, rest, status, asking] of cases) {
    await check(method, template, rest, status, asking);
    // Whose headers are too large has no method that the server knows.
    if (method === 'GET' && status !== 431) await check('HEAD', template, rest, status, asking);
  }
  for (const prefix of ['', '/v1']) {
    await server.ask('PUT', `${prefix}/store/gone`, { body: 'v' });
    const answer = await server.ask('DELETE', `${prefix}/store/gone`);
    const operation = document.paths['/store/{key}']?.delete;
    t.ok(
      operation !== undefined && contradictions(document, operation, answer, false).length === 0,
      'DELETE',
    );
    seen.add(`deleteValue ${answer.status}`);
  }
  const starting = await serve(t, { state: ProcessState.create(1), phase: 'starting' });
  for (const method of ['GET', 'HEAD']) await check(method, '/readyz', '', 503, undefined, starting);

  // What takes a server with tokens or a rate limit, or a client that is too slow.
  const elsewhere = ['unauthorized', 'forbidden', 'tooMany', 'timeout'];
  const declared = Object.values(document.paths).flatMap((item) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return Object.entries(operation?.responses ?? {}).map(
        ([status, { $ref }]) => $ref ?? `${operation?.operationId} ${status}`,
      );
    }),
  );
  t.strictSame(
    [...new Set(declared)].filter((name) => !seen.has(name)).sort(),
    elsewhere.map((name) => `#/components/responses/${name}`).sort(),
  );
});

t.test('who is turned away by the limits is described', async (t) => {
  const limit = limitOf(1, 0);
  const { server, document } = await describedServer(t, { limit });
  t.ok(limit.tryAcquire(), 'the only place is taken');
  for (const { operation, method, path } of operationsOf(document)) {
    const response = responseFor(document, operation, 503);
    const answer = await server.ask(method.toUpperCase(), path.replace('{key}', 'k'));
    const isTurnedAway = response?.headers?.['retry-after']?.required === true;
    t.equal(answer.status, isTurnedAway ? 503 : 200, `${method} ${path}`);
    t.strictSame(contradictions(document, operation, answer, method === 'head'), [], `${method} ${path}`);
  }
});

t.test('who needs a token is described', async (t) => {
  const { document } = await describedServer(t);
  for (const { operation, method, path } of operationsOf(document)) {
    const name = `${method} ${path}`;
    const isOpen = ['/healthz', '/readyz'].includes(path);
    t.equal('401' in operation.responses, !isOpen, name);
    t.equal('403' in operation.responses, path === '/store/{key}', name);
    t.strictSame(operation.security, isOpen ? undefined : [{}, { token: [] }], name);
  }
});

t.test('who is refused for a token or a rate is answered as described', async (t) => {
  const tokens = new Tokens('secret', 'look');
  const { document } = await describedServer(t);
  const refusals: [status: number, setup: Setup, headers: OutgoingHttpHeaders][] = [
    [401, { tokens }, {}],
    [403, { tokens }, { authorization: 'Bearer look' }],
    [429, { rate: RateLimit.attach(RateLimit.create({ rate: 1 }), () => [0, 0]) }, {}],
  ];
  for (const [status, setup, headers] of refusals) {
    const server = await serve(t, setup);
    await server.ask('GET', '/get/k');
    for (const { operation, method, path } of operationsOf(document)) {
      if (responseFor(document, operation, status) === undefined) continue;
      // Without a query it is a greeting, which is anybody's.
      const target = path === '/' ? '/?key=k' : path.replace('{key}', 'k');
      const answer = await server.ask(method.toUpperCase(), target, { headers });
      t.equal(answer.status, status, `${method} ${path}`);
      t.strictSame(contradictions(document, operation, answer, method === 'head'), [], `${method} ${path}`);
    }
  }
});

function operationsOf({ paths }: Document) {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [{ path, method, operation }];
    }),
  );
}

/** `/v1/get/{key}` of Hapi's `/v1/get/`, where the key is empty, and `/v1/` of `/v1`. */
function asTemplate(path: string): string {
  if (path === '/' || path === '/v1/') return path;
  if (path === '/v1') return '/v1/';
  return path.endsWith('/') ? `${path}{key}` : path;
}
