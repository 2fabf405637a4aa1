/** INFO: the sections and fields that clients, exporters and dashboards read, with true values. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { RecentRate } from '../../src/commands/recent-rate.js';
import { ServerRig, sharedParts, type TestClient } from './server-rig.js';

t.test('fields that redis_exporter and the clients need are there, each once', (t) => {
  const client = new ServerRig(t).connect();
  client.say('SET k v');
  const text = client.say('INFO everything') as string;
  for (const name of [
    ...[
      'redis_version',
      'redis_mode',
      'hotshard_version',
      'os',
      'arch_bits',
      'process_id',
      'run_id',
      'tcp_port',
    ],
    ...['uptime_in_seconds', 'uptime_in_days', 'connected_clients', 'maxclients', 'blocked_clients'],
    ...['used_memory', 'used_memory_human', 'used_memory_rss', 'maxmemory', 'maxmemory_policy'],
    ...['mem_fragmentation_ratio', 'loading', 'rdb_last_save_time', 'rdb_last_bgsave_status', 'aof_enabled'],
    ...['total_connections_received', 'total_commands_processed', 'instantaneous_ops_per_sec'],
    ...[
      'total_net_input_bytes',
      'total_net_output_bytes',
      'rejected_connections',
      'expired_keys',
      'evicted_keys',
    ],
    ...['keyspace_hits', 'keyspace_misses', 'role', 'connected_slaves', 'master_replid', 'used_cpu_sys'],
    ...['used_cpu_user', 'cluster_enabled', 'cmdstat_set', 'db0'],
  ]) {
    t.equal(text.match(new RegExp(`^${name}:`, 'gm'))?.length, 1, name);
  }
  t.match(text, /^# Server\r\n/);
  t.match(text, /\r\n\r\n# CPU\r\n/);
  t.end();
});

t.test('sections are told as they are asked for', (t) => {
  const client = new ServerRig(t).connect();
  const titles = (line: string): string[] => (client.say(line) as string).match(/^# .*$/gm) ?? [];
  const all = ['Server', 'Clients', 'Memory', 'Persistence', 'Stats', 'Replication', 'CPU'];
  const last = ['Errorstats', 'Cluster', 'Keyspace'];
  const titled = (names: readonly string[]): string[] => names.map((name) => `# ${name}`);
  t.strictSame(titles('INFO'), titled([...all, 'Modules', ...last]));
  t.strictSame(titles('INFO default'), titles('INFO'));
  t.strictSame(titles('INFO all'), titled([...all, 'Commandstats', ...last]));
  t.strictSame(titles('INFO everything'), titled([...all, 'Modules', 'Commandstats', ...last]));
  t.strictSame(titles('INFO KEYSPACE server nosuch server'), titled(['Server', 'Keyspace']));
  t.equal(client.say('INFO nosuch'), '');
  t.equal(client.say('INFO cluster'), '# Cluster\r\ncluster_enabled:0\r\n');
  t.end();
});

t.test('values are true', (t) => {
  const shared = sharedParts(1);
  const rig = new ServerRig(t, { shared, flags: { 'max-memory': '64mb' } });
  const client = rig.connect();
  rig.connect();
  for (const line of ['SET k v', 'SET l v EX 100', 'GET k', 'GET none', 'GET', 'INCR k']) client.say(line);
  const fields = fieldsOf(client);
  const expected = {
    ...{ process_id: process.pid, tcp_port: 6379, connected_clients: 2, maxmemory: 64 << 20, loading: 0 },
    ...{ used_memory: shared.map.stats().bytesUsed, run_id: shared.clients.runId, maxmemory_human: '64.00M' },
    ...{ total_connections_received: 2, total_commands_processed: 5, total_net_input_bytes: 11 },
    ...{ total_net_output_bytes: 22, keyspace_hits: 1, keyspace_misses: 1, total_error_replies: 2 },
  };
  for (const [name, value] of Object.entries(expected)) t.equal(fields.get(name), String(value), name);
  t.match(
    fields.get('cmdstat_set'),
    /^calls=2,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=0,failed_calls=0$/,
  );
  t.match(fields.get('cmdstat_get'), /^calls=2,.*,rejected_calls=1,failed_calls=0$/);
  t.match(fields.get('cmdstat_incr'), /^calls=1,.*,rejected_calls=0,failed_calls=1$/);
  t.match(fields.get('db0'), /^keys=2,expires=1,avg_ttl=(99|100)\d*$/);
  t.end();
});

t.test('errors are counted by their first word, whatever had been sent', (t) => {
  const client = new ServerRig(t).connect();
  for (const line of ['NONSENSE', 'GET', 'SET k v', 'INCR k', 'EXEC', 'MULTI', 'NONSENSE', 'EXEC'])
    client.say(line);
  const fields = fieldsOf(client);
  const errors = [...fields].filter(([name]) => name.startsWith('errorstat_'));
  t.strictSame(Object.fromEntries(errors), {
    errorstat_ERR: 'count=5',
    errorstat_EXECABORT: 'count=1',
  });
  t.equal(fields.get('total_error_replies'), '6');
  client.say('CONFIG RESETSTAT');
  t.equal(client.say('INFO errorstats'), '# Errorstats\r\n');
  t.end();
});

t.test('a server that has not loaded its data file says so', (t) => {
  const parts = sharedParts(1);
  const shared = { ...parts, state: new Proxy(parts.state, { get: () => false }) };
  t.match(new ServerRig(t, { shared }).connect().say('INFO persistence'), /^loading:1\r$/m);
  t.end();
});

t.test('CONFIG RESETSTAT lets counters begin anew, those of the map too', async (t) => {
  const client = new ServerRig(t).connect();
  for (const line of ['SET k v PX 1', 'GET none', 'GET k']) client.say(line);
  while (client.say('EXISTS k') !== 0) await sleep(1);
  t.equal(client.say('CONFIG RESETSTAT'), '+OK');
  const fields = fieldsOf(client);
  for (const name of ['keyspace_hits', 'keyspace_misses', 'expired_keys', 'total_connections_received']) {
    t.equal(fields.get(name), '0', name);
  }
  t.notOk(fields.has('cmdstat_set'));
  client.say('GET none');
  t.equal(fieldsOf(client).get('keyspace_misses'), '1');
});

t.test('keys that expire are counted by looking at some', (t) => {
  const rig = new ServerRig(t);
  const client = rig.connect();
  t.equal(client.say('INFO keyspace'), '# Keyspace\r\n', 'an empty database is not told of');
  for (let i = 0; i < 4000; i++) rig.map.set(`key ${i}`, 'v', i % 2 === 0 ? { ttl: 60_000 } : {});
  const [, keys, expires] = /keys=(\d+),expires=(\d+)/.exec(client.say('INFO keyspace') as string) ?? [];
  t.equal(keys, '4000');
  t.ok(Number(expires) > 1500 && Number(expires) < 2500, `about half: ${expires}`);
  t.end();
});

t.test('operations per second are those since the last look that is a second old', (t) => {
  let now = 0;
  const rate = new RecentRate(() => now);
  now = 500;
  t.equal(rate.at(100), 200, 'since the start');
  now = 2000;
  t.equal(rate.at(1000), 500);
  now = 2500;
  t.equal(rate.at(1500), 600, 'over a second at least');
  now = 4000;
  t.equal(rate.at(3000), 1000);
  now = 4001;
  t.equal(rate.at(0), 0, 'counters have begun anew');
  t.end();
});

function fieldsOf(client: TestClient): Map<string, string> {
  const lines = (client.say('INFO everything') as string).split('\r\n').filter((line) => line.includes(':'));
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const),
  );
}
