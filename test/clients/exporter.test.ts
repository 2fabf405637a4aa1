/** What redis_exporter reads, in the way it reads it: see its `exporter/info.go` and `exporter/exporter.go`. */
import { Redis } from 'ioredis';
import t from 'tap';
import { startBothPorts } from './program.js';

const { port } = await startBothPorts(t);
const redis = new Redis({ host: '127.0.0.1', port, protocol: 2 });
t.teardown(() => redis.disconnect());

/** Fields that are numbers, by the section that they must be in. */
const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  Server: ['uptime_in_seconds', 'process_id', 'tcp_port'],
  Clients: ['connected_clients', 'blocked_clients', 'maxclients', 'tracking_clients'],
  Memory: ['used_memory', 'used_memory_rss', 'maxmemory', 'mem_fragmentation_ratio', 'total_system_memory'],
  Persistence: ['loading', 'rdb_changes_since_last_save', 'rdb_last_save_time', 'aof_enabled'],
  Stats: [
    ...['total_connections_received', 'total_commands_processed', 'instantaneous_ops_per_sec'],
    ...['total_net_input_bytes', 'total_net_output_bytes', 'rejected_connections'],
    ...['expired_keys', 'evicted_keys', 'keyspace_hits', 'keyspace_misses', 'total_error_replies'],
  ],
  Replication: ['connected_slaves', 'master_repl_offset'],
  CPU: ['used_cpu_sys', 'used_cpu_user'],
};

/** The labels of its metric `instance_info`. */
const LABELS: readonly string[] = [
  ...['role', 'redis_version', 'redis_mode', 'os', 'maxmemory_policy'],
  ...['tcp_port', 'run_id', 'process_id', 'master_replid'],
];

/** Sections by name, fields and values of each by name. */
async function sections(): Promise<Map<string, Map<string, string>>> {
  const found = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  for (const line of (await redis.info('ALL')).split('\n').map((text) => text.trim())) {
    if (line.startsWith('# ')) {
      section = new Map();
      found.set(line.slice(2), section);
    } else if (line.includes(':')) {
      const at = line.indexOf(':');
      section.set(line.slice(0, at), line.slice(at + 1));
    }
  }
  return found;
}

/** `keys=1,expires=0` */
function pairs(value: string): Record<string, number> {
  return Object.fromEntries(value.split(',').map((pair) => [pair.split('=')[0], Number(pair.split('=')[1])]));
}

t.test('INFO ALL', async (t) => {
  await redis.mset('a', '1', 'b', '2', 'c', '3');
  await redis.expire('a', 1000);
  await redis.get('a');
  await redis.get('none');
  await redis.incr('a');
  await redis.call('INCRBY', 'a').catch(() => {});
  await redis.incrby('a', 'x').catch(() => {});
  const told = await sections();
  for (const [section, names] of Object.entries(NUMBERS)) {
    for (const name of names) t.match(told.get(section)?.get(name), /^-?\d+(\.\d+)?$/, `${section}: ${name}`);
  }
  const all = new Map([...told.values()].flatMap((fields) => [...fields]));
  for (const label of LABELS) t.match(all.get(label), /./, label);
  t.match(Object.fromEntries(all), {
    role: 'master',
    redis_mode: 'standalone',
    connected_clients: '1',
    keyspace_hits: '1',
    keyspace_misses: '1',
    maxmemory: String(256 << 20),
  });
  const db0 = pairs(told.get('Keyspace')?.get('db0') ?? '');
  t.match(db0, { keys: 3, expires: 1 });
  t.ok(db0.avg_ttl !== undefined && db0.avg_ttl > 0 && db0.avg_ttl <= 1_000_000);
  const commands = told.get('Commandstats');
  t.match(pairs(commands?.get('cmdstat_get') ?? ''), { calls: 2, rejected_calls: 0, failed_calls: 0 });
  t.match(pairs(commands?.get('cmdstat_incrby') ?? ''), { calls: 1, rejected_calls: 1, failed_calls: 1 });
  t.strictSame(Object.fromEntries(told.get('Errorstats') ?? []), { errorstat_ERR: 'count=2' });
  t.equal(all.get('total_error_replies'), '2');
  for (const [name, value] of commands ?? []) {
    t.match(name, /^cmdstat_[a-z|-]+$/);
    t.match(value, /^calls=\d+,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=\d+,failed_calls=\d+$/, name);
  }
});

t.test('CONFIG GET *', async (t) => {
  const list = (await redis.config('GET', '*')) as string[];
  t.equal(list.length % 2, 0);
  const settings = new Map(list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1] ?? '']] : [])));
  t.equal(settings.get('databases'), '1');
  for (const name of ['maxmemory', 'maxclients', 'io-threads']) t.match(settings.get(name), /^\d+$/, name);
  // Four words for each class of clients.
  const limits = settings.get('client-output-buffer-limit')?.split(' ') ?? [];
  t.equal(limits.length % 4, 0);
  t.match(limits, ['normal', /^\d+$/, /^\d+$/, /^\d+$/]);
});

t.test('clients of both workers', async (t) => {
  t.equal(await redis.client('SETNAME', 'redis_exporter'), 'OK');
  const others = Array.from({ length: 8 }, () => new Redis({ host: '127.0.0.1', port }));
  t.teardown(() => {
    for (const other of others) other.disconnect();
  });
  await Promise.all(others.map((other) => other.ping()));
  const lines = String(await redis.client('LIST'))
    .trimEnd()
    .split('\n');
  t.equal(lines.length, 9);
  for (const line of lines) {
    const fields = new Map(line.split(' ').map((field) => [field.split('=')[0], field.split('=')[1]]));
    for (const name of [
      'id',
      'age',
      'idle',
      'db',
      'sub',
      'psub',
      'multi',
      'qbuf',
      'qbuf-free',
      'obl',
      'oll',
      'omem',
    ])
      t.match(fields.get(name), /^-?\d+$/, name);
    t.match(fields.get('addr'), /^127\.0\.0\.1:\d+$/);
    t.equal(fields.get('user'), 'default');
  }
  t.equal(lines.filter((line) => line.includes(' name=redis_exporter ')).length, 1);
  t.equal(new Set(lines.map((line) => line.split(' ')[0])).size, 9, 'numbers of their own');
  t.equal((await sections()).get('Clients')?.get('connected_clients'), '9');
});

t.test('what there is not is an error, or nothing, and no end of the connection', async (t) => {
  t.strictSame(await redis.call('COMMAND', 'INFO', 'COMMANDLOG'), [null]);
  for (const words of [
    'SLOWLOG LEN',
    'SLOWLOG GET 1',
    'LATENCY LATEST',
    'LATENCY HISTOGRAM',
    'MODULE LIST',
    'CLUSTER INFO',
  ]) {
    const [name = '', ...rest] = words.split(' ');
    const args = rest.map((word) => `'${word}' `).join('');
    await t.rejects(redis.call(name, ...rest), {
      message: `ERR unknown command '${name}', with args beginning with: ${args}`,
    });
  }
  t.equal(await redis.ping(), 'PONG');
});
