/** From V8's log to a picture: names, groups, shares. */
import { test } from 'tap';
import { ROOT } from '../../../src/bench/command.js';
import { drawFlame } from '../../../src/bench/flamegraph/draw.js';
import { frameOf, pageWithoutPaths } from '../../../src/bench/flamegraph/frames.js';
import { sampledTime, withSymbols } from '../../../src/bench/flamegraph/log.js';
import { stacksOf } from '../../../src/bench/flamegraph/samples.js';
import { sharesOf } from '../../../src/bench/flamegraph/shares.js';
import { treeOf } from '../../../src/bench/flamegraph/tree.js';

const CODE = [
  { name: `get file://${ROOT}dist/shards/bucket.js:80:14`, type: 'JS' },
  { name: ` ${ROOT}node_modules/@hapi/hapi/lib/core.js:507:16`, type: 'JS' },
  { name: 'emit node:events:471:44', type: 'JS' },
  { name: '__write@@GLIBC_2.2.5', type: 'CPP' },
  { name: '/usr/lib/x86_64-linux-gnu/libc.so.6', type: 'SHARED_LIB' },
  { name: 'epoll_pwait@@GLIBC_2.6', type: 'CPP' },
  { name: '/elsewhere/node_modules/zod/v4/core.js:1:2', type: 'JS' },
];
const [GET, HAPI, EMIT, WRITE, LIBC, WAIT] = CODE.keys();

/** A sample each millisecond: indexes of code, what was running first; a state of V8, 1 = collecting garbage. */
const samples = (...ticks: [stack: number[], vm?: number][]) =>
  JSON.stringify({
    code: CODE,
    ticks: ticks.map(([stack, vm = 0], i) => ({ tm: i * 1000, vm, s: stack.flatMap((index) => [index, 0]) })),
  });

test('functions are named without the paths of the machine, and have a group', (t) => {
  t.strictSame(
    CODE.map(frameOf).map(({ name, group }) => `${group}: ${name}`),
    [
      'own: get dist/shards/bucket.js:80',
      'hapi: (anonymous) node_modules/@hapi/hapi/lib/core.js:507',
      'node: emit node:events:471',
      'native: __write',
      'native: libc.so.6',
      'waiting: epoll_pwait',
      'packages: (anonymous) node_modules/zod/v4/core.js:1',
    ],
  );
  t.match(frameOf(undefined), { name: 'native code', group: 'native' });
  t.equal(
    pageWithoutPaths(`a("${ROOT}x", {"name":"f file://${ROOT}dist/x.js:1:2"})`),
    `a("${ROOT}x", {"name":"f dist/x.js:1:2"})`,
    'in a page, names only',
  );
  t.end();
});

test('stacks begin with the first call; the collector is one function', (t) => {
  const json = samples(
    [[GET]],
    [[GET, HAPI, EMIT]],
    [[WRITE, -1, LIBC, GET], 1],
    [[-1, -1, EMIT]],
    [[WRITE, -1, EMIT]],
  );
  const names = (skip: number) =>
    stacksOf(json, skip).map((stack) => stack.map(({ label }) => label).join(' > '));
  t.strictSame(names(0), [
    'emit node:events > (anonymous) hapi/core.js > get shards/bucket.js',
    'get shards/bucket.js > garbage collection',
    'emit node:events > native code',
    'emit node:events > __write',
  ]);
  t.strictSame(names(2).length, 2, 'what comes before the load does not count');
  t.end();
});

test('shares: itself, with native code on its behalf, with all that it calls', (t) => {
  const stacks = stacksOf(samples([[EMIT]], [[GET, EMIT]], [[WRITE, GET, EMIT]], [[EMIT]], [[WAIT]]), 0);
  const lines = sharesOf(stacks).map(({ kind, name, self, withNative, total }) =>
    [kind, name, self, withNative, total].join(' '),
  );
  t.strictSame(lines, [
    'group hotshard 1 2 2',
    'group Node.js 1 1 3',
    'group V8, native 1 0 1',
    'group waiting 1 1 1',
    'function emit node:events:471 1 1 3',
    'function get dist/shards/bucket.js:80 1 2 2',
    'function __write 1 0 1',
    'function epoll_pwait 1 1 1',
    'function all others 0 0 NaN',
  ]);
  t.end();
});

test('the picture: widths are shares, and names are escaped', (t) => {
  const stacks = stacksOf(samples([[EMIT]], [[GET, EMIT]], [[EMIT]], [[WAIT]], [[WAIT]]), 0);
  const svg = drawFlame({ title: 'a < b & c', subtitle: '', tree: treeOf(stacks), shares: sharesOf(stacks) });
  t.match(svg, /a &lt; b &amp; c/);
  const widthOf = (name: string) =>
    Number(new RegExp(`<title>${name}[^<]*</title><rect[^>]* width="([\\d.]+)"`).exec(svg)?.[1]);
  t.equal(Math.round(widthOf('emit') / widthOf('get')), 2);
  t.equal(Math.round(widthOf('emit') / widthOf('epoll_pwait')), 1);
  t.match(svg, /hotshard 25.0 %/, 'the legend');
  t.end();
});

test('functions of the node program have names, where its symbols can be read', (t) => {
  const library = (end: number) => `shared-library,/no/node,0x1000,0x${end.toString(16)},0`;
  const log = [
    'v8-version,1',
    library(0x2000),
    library(0x9000),
    'code-creation,Builtin,2,1,0x10,8,Abort',
    'tick,0x1500,1,0,0x0,0',
  ];
  t.strictSame(
    withSymbols(log.join('\n'), '/no/node').split('\n'),
    ['v8-version,1', library(0x9000), ...log.slice(3)],
    'without symbols, the program is one, to its end',
  );
  t.equal(withSymbols('v8-version,1', '/no/node'), 'v8-version,1');
  t.equal(sampledTime('tick,0x1,500,0,0x0,0\nother\ntick,0x1,9500,0,0x0,0\ntick,0x2,11000,0,0x0,6'), 10.5);
  t.end();
});
