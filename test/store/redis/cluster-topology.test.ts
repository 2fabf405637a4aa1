/** What nodes of a Redis Cluster say, and what is made of it: views that differ, names of nodes, redirections. */
import { ReplyError } from 'ioredis';
import { test } from 'tap';
import {
  type Fetched,
  RefusedError,
  RelocatedError,
  StoreUnavailableError,
} from '../../../src/store/backing-store.js';
import { FollowedCommands, type Guide, type NodeCommands } from '../../../src/store/redis/followed.js';
import { KeyCommands } from '../../../src/store/redis/key-commands.js';
import type { Argument, Commands } from '../../../src/store/redis/socket.js';
import { askView, merged, redirectedTo, type View } from '../../../src/store/redis/topology.js';

type Range = readonly [first: number, last: number, host: string | null, port: number, id: string];

/** The view of a node that answers so. */
function viewOf(
  ranges: readonly Range[],
  nodes: readonly string[],
  { asked = '10.0.0.1:7000', state = 'ok' } = {},
): Promise<View> {
  const replies: Record<string, unknown> = {
    INFO: Buffer.from(`cluster_enabled:1\r\ncluster_state:${state}\r\ncluster_size:3\r\n`),
    SLOTS: ranges.map(([first, last, host, port, id]) => [
      first,
      last,
      [host === null ? null : Buffer.from(host), port, Buffer.from(id), []],
      [Buffer.from('10.9.9.9'), 1, Buffer.from('a replica'), []],
    ]),
    NODES: Buffer.from(`${nodes.join('\n')}\n`),
  };
  return askView({ ask: async (_command, what) => replies[String(what)] }, asked);
}

/** A line of CLUSTER NODES. */
function line(id: string, flags: string, epoch: number, ...slots: readonly string[]): string {
  return [id, '10.0.0.1:7000@17000', flags, '-', '0', '0', epoch, 'connected', ...slots].join(' ');
}

test('who serves what, and what is on the move, is read from what a node says', async (t) => {
  const view = await viewOf(
    [
      [0, 99, '10.0.0.1', 7000, 'a'],
      [100, 100, '10.0.0.2', 7001, 'b'],
    ],
    [
      line('a', 'myself,master', 1, '0-99', '[7->-b]', '[9->-b]', '[100-<-b]'),
      line('b', 'master,fail', 2, '100', '[8->-a]'),
    ],
  );
  t.strictSame([...view.migrating], [7, 9]);
  const { masters, failing } = merged([view]);
  t.equal(masters[0], '10.0.0.1:7000');
  t.equal(masters[99], '10.0.0.1:7000');
  t.equal(masters[100], '10.0.0.2:7001');
  t.equal(masters[101], undefined, 'nobody serves it');
  t.equal(masters.length, 16_384);
  t.strictSame([...failing], ['10.0.0.2:7001']);
});

test('a node that says that the cluster is down is not believed', async (t) => {
  await t.rejects(viewOf([], [line('a', 'myself,master', 1)], { state: 'fail' }), /cluster is down/);
});

test('hosts that a node does not name are its own; those it does not know are passed over', async (t) => {
  const nodes = [line('a', 'myself,master', 1)];
  const ranges: Range[] = [
    [0, 0, null, 7000, 'a'],
    [1, 1, '', 7001, 'b'],
    [2, 2, '?', 7002, 'c'],
    [3, 3, 'fe80::1', 7003, 'd'],
  ];
  const { masters } = merged([await viewOf(ranges, nodes, { asked: '[::1]:7000' })]);
  t.strictSame(masters.slice(0, 4), ['[::1]:7000', '[::1]:7001', undefined, '[fe80::1]:7003']);
});

test('names in redirections are made the same as those in topologies', async (t) => {
  t.equal(redirectedTo('10.0.0.2:7001', '10.0.0.1:7000'), '10.0.0.2:7001');
  t.equal(redirectedTo('::1:7001', '10.0.0.1:7000'), '[::1]:7001');
  t.equal(redirectedTo('[::1]:7001', '10.0.0.1:7000'), '[::1]:7001');
  t.equal(redirectedTo(':7001', '10.0.0.1:7000'), '10.0.0.1:7001');
  t.equal(redirectedTo(':7001', '[::1]:7000'), '[::1]:7001');
});

test('where views differ the greater epoch wins, and a master knows its own slots best', async (t) => {
  const a = (range: [number, number]): Range => [...range, '10.0.0.1', 7000, 'a'];
  const b = (range: [number, number]): Range => [...range, '10.0.0.2', 7001, 'b'];
  const heir: Range = [0, 0, '10.0.0.3', 7002, 'c'];
  const epochs = ([own, other]: [string, string], ...rest: string[]): string[] => [
    line(own, 'myself,master', own === 'a' ? 5 : 2),
    line(other, 'master', other === 'a' ? 5 : 2),
    ...rest,
  ];
  const firstOf = (...views: View[]): string | undefined => merged(views).masters[0];

  const byOldMaster = await viewOf([a([0, 0])], epochs(['a', 'b'], line('c', 'slave', 5)));
  const byOther = await viewOf([heir, b([1, 1])], epochs(['b', 'a'], line('c', 'master', 9)));
  t.equal(firstOf(byOldMaster, byOther), '10.0.0.3:7002', 'a replica has taken over');
  t.equal(firstOf(byOther, byOldMaster), '10.0.0.3:7002', 'in whichever order they answer');

  const byGiver = await viewOf([b([0, 0])], epochs(['a', 'b']));
  const byTaker = await viewOf([b([0, 0])], epochs(['b', 'a']));
  const byThird = await viewOf([a([0, 0])], [...epochs(['c', 'a']), line('b', 'master', 2)]);
  t.equal(firstOf(byGiver, byTaker, byThird), '10.0.0.2:7001', 'the third one has not heard of it');
  t.equal(firstOf(byThird), '10.0.0.1:7000', 'but is believed when it is the only one');
});

/** A node's commands of which each fetch rejects with the next of these replies, and answers when there is none left. */
function nodeThatSays(...replies: string[]): NodeCommands & { asked: number } {
  const found: Fetched = { value: Buffer.from('v'), expiry: 0, isCacheable: true };
  const unused = (): Promise<never> => Promise.reject(new Error('not asked for'));
  const node = {
    session: 1,
    valueSession: 1,
    asked: 0,
    async fetch(): Promise<Fetched> {
      node.asked++;
      const reply = replies.shift();
      if (reply !== undefined) throw new ReplyError(reply);
      return found;
    },
    set: unused,
    delete: unused,
    expire: unused,
    modify: unused,
    run: unused,
    transact: unused,
  };
  return node;
}

function guideTo(other: NodeCommands): Guide & { readonly calls: string[] } {
  const calls: string[] = [];
  const relocated = (call: string): RelocatedError => {
    calls.push(call);
    return new RelocatedError(call, Promise.resolve());
  };
  return {
    calls,
    moved: (slot, name) => relocated(`moved ${slot} ${name}`),
    unsettled: () => relocated('unsettled'),
    importing: (name) => {
      calls.push(`importing ${name}`);
      return other;
    },
    doubt: () => calls.push('doubt'),
  };
}

test('an operation follows what the node says, and is done at most once', async (t) => {
  const cases: [says: string[], other: string[], calls: string[]][] = [
    [['MOVED 7 10.0.0.2:7001'], [], ['moved 7 10.0.0.2:7001']],
    [['MOVED 7 :7001'], [], ['moved 7 10.0.0.1:7001']],
    [['TRYAGAIN Multiple keys request during rehashing of slot'], [], ['unsettled']],
    [['ASK 7 ::2:7001'], ['MOVED 7 10.0.0.1:7000'], ['importing [::2]:7001', 'unsettled']],
    [['ASK 7 10.0.0.2:7001'], ['TRYAGAIN'], ['importing 10.0.0.2:7001', 'unsettled']],
  ];
  for (const [says, other, calls] of cases) {
    const guide = guideTo(nodeThatSays(...other));
    const followed = new FollowedCommands(nodeThatSays(...says), '10.0.0.1:7000', guide);
    await t.rejects(followed.fetch('k'), RelocatedError);
    t.strictSame(guide.calls, calls);
  }
  const target = nodeThatSays();
  const guide = guideTo(target);
  const followed = new FollowedCommands(nodeThatSays('ASK 7 10.0.0.2:7001'), '10.0.0.1:7000', guide);
  t.match(await followed.fetch('k'), { value: Buffer.from('v'), isCacheable: false });
  t.equal(target.asked, 1);
  const refused = new FollowedCommands(nodeThatSays('ERR something else'), '10.0.0.1:7000', guide);
  await t.rejects(refused.fetch('k'), RefusedError);
});

test('a command that was done before its key moved is not done again elsewhere', async (t) => {
  const sent: Argument[] = [];
  const commands: Commands = {
    async send(command) {
      sent.push(command);
      return 1;
    },
    async sendAll() {
      throw new ReplyError('MOVED 7 10.0.0.2:7001');
    },
  };
  const abilities = { untrackedBecause: undefined, canScript: false };
  const keys = new KeyCommands({ commands, abilities, prefix: '', session: () => 1 });
  const followed = new FollowedCommands(keys, '10.0.0.1:7000', guideTo(keys));
  await t.rejects(followed.modify({ words: ['INCR', 'k'], keys: [1] }), StoreUnavailableError);
  t.strictSame(sent, ['INCR']);
});
