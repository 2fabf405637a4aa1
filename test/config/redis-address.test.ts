/** Which texts are addresses of a Redis or a Redis Cluster, what they mean, and that no password is ever shown. */
import { Redis } from 'ioredis';
import { test } from 'tap';
import {
  maskSecrets,
  parsePortVariable,
  parseRedisAddress,
  parseRedisCluster,
  type RedisAddress,
  type RedisNode,
} from '../../src/config/redis-address.js';

const PLAIN = { tls: false, database: 0 };

test('a URL gives host, port, user, password, database and TLS', async (t) => {
  const addresses: readonly [text: string, address: RedisAddress][] = [
    ['redis://localhost', { host: 'localhost', port: 6379, ...PLAIN }],
    ['redis://127.0.0.1:7000/', { host: '127.0.0.1', port: 7000, ...PLAIN }],
    ['redis://[::1]:7000', { host: '::1', port: 7000, ...PLAIN }],
    ['REDIS://my_redis', { host: 'my_redis', port: 6379, ...PLAIN }],
    ['rediss://h', { host: 'h', port: 6379, tls: true, database: 0 }],
    ['redis://h/2', { host: 'h', port: 6379, tls: false, database: 2 }],
    ['redis://h?db=2', { host: 'h', port: 6379, tls: false, database: 2 }],
    ['redis://h/?db=2', { host: 'h', port: 6379, tls: false, database: 2 }],
    ['redis://:secret@h', { host: 'h', port: 6379, password: 'secret', ...PLAIN }],
    ['redis://ada:secret@h', { host: 'h', port: 6379, username: 'ada', password: 'secret', ...PLAIN }],
    ['redis://:@h', { host: 'h', port: 6379, ...PLAIN }],
    [
      'redis://a%40b:p%2F%3A%23%C3%A4%25@h',
      { host: 'h', port: 6379, username: 'a@b', password: 'p/:#ä%', ...PLAIN },
    ],
    ['redis://:p@ss:word@h', { host: 'h', port: 6379, password: 'p@ss:word', ...PLAIN }],
  ];
  for (const [text, address] of addresses) t.strictSame(parseRedisAddress(text), address, text);
});

test('a path, or a URL of a socket, gives the socket', async (t) => {
  const addresses: readonly [text: string, address: RedisAddress][] = [
    ['/run/redis.sock', { path: '/run/redis.sock', ...PLAIN }],
    ['./redis.sock', { path: './redis.sock', ...PLAIN }],
    ['/run/a b%20c@d.sock', { path: '/run/a b%20c@d.sock', ...PLAIN }],
    ['/run/redis.sock?db=3', { path: '/run/redis.sock', tls: false, database: 3 }],
    ['unix:///run/redis.sock', { path: '/run/redis.sock', ...PLAIN }],
    ['redis+unix:///run/a%20b.sock?db=3', { path: '/run/a b.sock', tls: false, database: 3 }],
    ['unix://:secret@/run/redis.sock', { path: '/run/redis.sock', password: 'secret', ...PLAIN }],
    [
      'unix://ada:se:cret%40@/run/redis.sock',
      { path: '/run/redis.sock', username: 'ada', password: 'se:cret@', ...PLAIN },
    ],
  ];
  for (const [text, address] of addresses) t.strictSame(parseRedisAddress(text), address, text);
});

test('nothing else is an address', async (t) => {
  for (const text of [
    ...[
      '',
      'localhost',
      'localhost:6379',
      '6379',
      'none',
      'redis.sock',
      'http://localhost',
      'redis:localhost',
    ],
    ...[
      'redis://',
      'redis:///2',
      'redis://:secret',
      'redis://h:0',
      'redis://h:65536',
      'redis://h:x',
      'redis://h:-1',
    ],
    ...['redis://a b', 'redis://999.1.1.1', 'redis://[::g]', 'redis://h/x', 'redis://h/-1', 'redis://h/1.5'],
    ...['redis://h/2147483648', 'redis://h/1/2', 'redis://h/1?db=2', 'redis://h?db=', 'redis://h?tls=false'],
    ...[
      'redis://h#x',
      'redis://:p#ss@h',
      'redis://:p/ss@h',
      'redis://:%zz@h',
      'redis://ada@h',
      'redis://ada:@h',
    ],
    ...[
      '//h',
      'unix://run/redis.sock',
      'unix:///',
      'unix:///run/%zz',
      'unix://ada@/run',
      '/run/redis.sock?db=x',
    ],
    ...['/run/redis\0.sock', ' redis://h', 'redis://h\n'],
  ]) {
    t.equal(parseRedisAddress(text), undefined, JSON.stringify(text));
  }
});

test('an address can be given to ioredis, but for its names of database and TLS', async (t) => {
  const address = parseRedisAddress('redis://ada:secret@[::1]:7000/2');
  t.ok(address);
  const redis = new Redis({ ...address, db: address?.database ?? 0, tls: {}, lazyConnect: true });
  t.match(redis.options, { host: '::1', port: 7000, username: 'ada', password: 'secret', db: 2 });
});

test('a cluster is a list of nodes, with one way to be let in', async (t) => {
  const lists: readonly [text: string, nodes: readonly RedisNode[]][] = [
    ['h:7000', [{ host: 'h', port: 7000, tls: false }]],
    [
      '127.0.0.1:7000,[::1]:7001,h:7002',
      [
        { host: '127.0.0.1', port: 7000, tls: false },
        { host: '::1', port: 7001, tls: false },
        { host: 'h', port: 7002, tls: false },
      ],
    ],
    ['rediss://clustercfg.example.com', [{ host: 'clustercfg.example.com', port: 6379, tls: true }]],
    [
      'rediss://ada:p%2Css@a:7000,b:7001',
      [
        { host: 'a', port: 7000, username: 'ada', password: 'p,ss', tls: true },
        { host: 'b', port: 7001, username: 'ada', password: 'p,ss', tls: true },
      ],
    ],
    [
      'redis://:secret@a:7000,redis://:secret@b:7001',
      [
        { host: 'a', port: 7000, password: 'secret', tls: false },
        { host: 'b', port: 7001, password: 'secret', tls: false },
      ],
    ],
  ];
  for (const [text, nodes] of lists) t.strictSame(parseRedisCluster(text), nodes, text);
});

test('nothing else is a cluster', async (t) => {
  for (const text of [
    ...[
      '',
      'h',
      'h:x',
      'h:0',
      ':7000',
      'h:7000,',
      ',h:7000',
      'h:7000,,h:7001',
      'h:7000 h:7001',
      'h:7000, h:7001',
    ],
    ...[
      '::1:7000',
      'a:7000,b',
      '/run/redis.sock',
      'http://h:7000',
      'redis://h:7000/1',
      'ada:secret@h:7000',
      'h:1,:x@h:2',
    ],
    ...[
      'redis://a:7000,rediss://b:7000',
      'redis://:x@a:7000,redis://:y@b:7000',
      'redis://:x@a:7000,redis://b:7000',
    ],
  ]) {
    t.equal(parseRedisCluster(text), undefined, JSON.stringify(text));
  }
});

test('a port variable is a number, or what Kubernetes writes', async (t) => {
  t.strictSame(parsePortVariable('7000'), { host: '127.0.0.1', port: 7000, tls: false });
  t.strictSame(parsePortVariable('tcp://10.0.0.3:6379'), { host: '10.0.0.3', port: 6379, tls: false });
  t.strictSame(parsePortVariable('tcp://[fd00::1]:6379'), { host: 'fd00::1', port: 6379, tls: false });
  for (const text of ['', '0', '65536', 'x', '-1', 'tcp://10.0.0.3', 'udp://h:1', 'tcp://a:b@h:1', 'h:1']) {
    t.equal(parsePortVariable(text), undefined, text);
  }
});

test('what is shown of an address has no password in it', async (t) => {
  const shown: readonly [text: string, masked: string][] = [
    ['redis://:secret@h:99999', 'redis://***@h:99999'],
    ['redis://ada:secret@h/x', 'redis://***@h/x'],
    ['redis://secret@h', 'redis://***@h'],
    ['redis://:se/cr?et#@x@h', 'redis://***@h'],
    ['redis://:secret', 'redis://:***'],
    ['redis://:12345', 'redis://:***'],
    ['redis://:sec/ret', 'redis://:***'],
    ['redis://ada:secret', 'redis://ada:***'],
    ['redis://ada:se/cret', 'redis://ada:***'],
    ['redis://ada:123secret/2', 'redis://ada:***'],
    ['redis://h?password=secret', 'redis://h?***'],
    ['redis://h?db=x&password=secret', 'redis://h?***'],
    ['ada:secret@h:7000', '***@h:7000'],
    ['redis://:secret@a:7000,redis://:other@b:x', 'redis://***@b:***'],
    ['/run/redis.sock?password=secret', '/run/redis.sock?***'],
  ];
  for (const [text, masked] of shown) t.equal(maskSecrets(text), masked, text);
});

test('what can hold no password is shown as it is', async (t) => {
  for (const text of [
    ...[
      '',
      'localhost',
      'localhost:6379',
      'h:x',
      'a:7000,b:x',
      '/run/x.sock',
      'http://localhost',
      '::1:7000',
    ],
    ...[
      'redis://h:99999',
      'redis://h:6379/x',
      'redis://[::1]:7000',
      'redis://a:7000,b:70000',
      'redis://h/1?db=2',
    ],
  ]) {
    t.equal(maskSecrets(text), text, text);
  }
});
