/**
 * The sections of INFO, with Redis's names of fields, as exporters and dashboards read them. What hotshard has nothing like
 * is left out, or 0 where tools take it for granted. All figures are of the whole process, whichever worker is asked.
 */
import { arch, release, totalmem, type } from 'node:os';
import type { CacheStats, SharedCache } from '../../shards/index.js';
import type { Config } from '../config/config.js';
import type { ErrorTotal } from '../telemetry/command-stats.js';
import type { ProcessState } from '../telemetry/process-state.js';
import { VERSION } from '../telemetry/stats.js';
import type { CounterBase, Counts } from './counter-base.js';
import { expiringKeys } from './expiring-keys.js';
import type { CommandLookup } from './lookup.js';
import { OPEN_FILES } from './open-files.js';
import type { RecentRate } from './recent-rate.js';
import type { SharedClients } from './shared-clients.js';
import { REDIS_VERSION } from './version.js';

/** Of one command, over all workers. */
export interface CommandTotals {
  /** Its index. */
  readonly command: number;
  readonly calls: number;
  readonly microseconds: number;
  readonly rejected: number;
  readonly failed: number;
}

/** Counts of the commands of all workers: see `CommandStats`. */
export interface CommandStatistics {
  /** Of those that were called. */
  totals(): readonly CommandTotals[];
  /** Errors that clients were answered with, by their first word. */
  errors(): readonly ErrorTotal[];
  /** Bytes over all connections. */
  readonly traffic: { readonly input: number; readonly output: number };
  reset(): void;
}

export interface InfoSources {
  readonly config: Config;
  readonly map: SharedCache;
  readonly state: ProcessState;
  readonly statistics: CommandStatistics;
  readonly clients: SharedClients;
  readonly base: CounterBase;
  readonly rate: RecentRate;
  /** Port of the Redis protocol. */
  readonly port: number;
  readonly commands: CommandLookup;
}

export type Fields = readonly (readonly [name: string, value: string | number])[];
export type Section = (sources: InfoSources) => Fields;

/** In the order in which they are told, by the names under which they are asked for. */
export const SECTIONS: ReadonlyMap<string, Section> = new Map([
  ['server', server],
  ['clients', clients],
  ['memory', memory],
  ['persistence', persistence],
  ['stats', stats],
  ['replication', replication],
  ['cpu', cpu],
  ['modules', () => []],
  ['commandstats', commandstats],
  ['errorstats', errorstats],
  ['cluster', () => [['cluster_enabled', 0]]],
  ['keyspace', keyspace],
] satisfies [string, Section][]);

/** What counts from 0 again at a reset, as it has been counted since the start. */
export function countsOf(cache: CacheStats, clients: SharedClients): Counts {
  const { hits, misses, expirations, evictions } = cache;
  return { hits, misses, expirations, evictions, connections: clients.received };
}

function server({ config, state, clients: { runId }, port }: InfoSources): Fields {
  const now = Date.now();
  const uptime = Math.max(0, Math.floor((now - state.startedAt) / 1000));
  return [
    ['redis_version', REDIS_VERSION],
    ['redis_mode', 'standalone'],
    ['hotshard_version', VERSION],
    ['node_version', process.versions.node],
    ['os', `${type()} ${release()} ${arch()}`],
    ['arch_bits', 64],
    ['process_id', process.pid],
    ['process_supervised', 'no'],
    ['run_id', runId],
    ['tcp_port', port],
    ['server_time_usec', now * 1000],
    ['uptime_in_seconds', uptime],
    ['uptime_in_days', Math.floor(uptime / 86_400)],
    ['executable', process.execPath],
    ['config_file', ''],
    ['io_threads_active', config.workers > 1 ? 1 : 0],
  ];
}

function clients({ clients: { open } }: InfoSources): Fields {
  return [
    ['connected_clients', open],
    ['cluster_connections', 0],
    ['maxclients', OPEN_FILES],
    ['blocked_clients', 0],
    ['tracking_clients', 0],
    ['clients_in_timeout_table', 0],
  ];
}

function memory({ map, config }: InfoSources): Fields {
  const used = map.stats().bytesUsed;
  const { rss } = process.memoryUsage();
  const total = totalmem();
  return [
    ['used_memory', used],
    ['used_memory_human', human(used)],
    ['used_memory_rss', rss],
    ['used_memory_rss_human', human(rss)],
    ['total_system_memory', total],
    ['total_system_memory_human', human(total)],
    ['maxmemory', config.maxMemory],
    ['maxmemory_human', human(config.maxMemory)],
    ['maxmemory_policy', 'allkeys-lru'],
    ['mem_fragmentation_ratio', (used === 0 ? 0 : rss / used).toFixed(2)],
    ['mem_fragmentation_bytes', rss - used],
    ['mem_not_counted_for_evict', 0],
    ['lazyfree_pending_objects', 0],
  ];
}

function persistence({ state }: InfoSources): Fields {
  return [
    ['loading', state.loaded ? 0 : 1],
    ['async_loading', 0],
    ['rdb_changes_since_last_save', 0],
    ['rdb_bgsave_in_progress', 0],
    ['rdb_last_save_time', Math.floor(state.startedAt / 1000)],
    ['rdb_last_bgsave_status', 'ok'],
    ['rdb_last_bgsave_time_sec', -1],
    ['rdb_current_bgsave_time_sec', -1],
    ['aof_enabled', 0],
    ['aof_rewrite_in_progress', 0],
    ['aof_rewrite_scheduled', 0],
    ['aof_last_rewrite_time_sec', -1],
    ['aof_current_rewrite_time_sec', -1],
    ['aof_last_bgrewrite_status', 'ok'],
    ['aof_last_write_status', 'ok'],
  ];
}

function stats({ map, statistics, clients: shared, base, rate }: InfoSources): Fields {
  const counts = base.since(countsOf(map.stats(), shared));
  const totals = statistics.totals();
  const calls = sum(totals.map((command) => command.calls));
  const { input, output } = statistics.traffic;
  return [
    ['total_connections_received', counts.connections],
    ['total_commands_processed', calls],
    ['instantaneous_ops_per_sec', Math.round(rate.at(calls))],
    ['total_net_input_bytes', input],
    ['total_net_output_bytes', output],
    ['rejected_connections', 0],
    ['sync_full', 0],
    ['sync_partial_ok', 0],
    ['sync_partial_err', 0],
    ['expired_keys', counts.expirations],
    ['evicted_keys', counts.evictions],
    ['keyspace_hits', counts.hits],
    ['keyspace_misses', counts.misses],
    ['pubsub_channels', 0],
    ['pubsub_patterns', 0],
    ['latest_fork_usec', 0],
    ['total_forks', 0],
    ['total_error_replies', sum(statistics.errors().map(({ count }) => count))],
  ];
}

function replication({ clients: { runId } }: InfoSources): Fields {
  return [
    ['role', 'master'],
    ['connected_slaves', 0],
    ['master_failover_state', 'no-failover'],
    ['master_replid', runId],
    ['master_replid2', '0'.repeat(runId.length)],
    ['master_repl_offset', 0],
    ['second_repl_offset', -1],
    ['repl_backlog_active', 0],
    ['repl_backlog_size', 0],
    ['repl_backlog_first_byte_offset', 0],
    ['repl_backlog_histlen', 0],
  ];
}

function cpu(): Fields {
  const { system, user } = process.cpuUsage();
  return [
    ['used_cpu_sys', (system / 1e6).toFixed(6)],
    ['used_cpu_user', (user / 1e6).toFixed(6)],
  ];
}

function commandstats({ statistics, commands }: InfoSources): Fields {
  return statistics.totals().map(({ command, calls, microseconds, rejected, failed }) => {
    const perCall = calls === 0 ? 0 : microseconds / calls;
    const values = [
      `calls=${calls}`,
      `usec=${Math.round(microseconds)}`,
      `usec_per_call=${perCall.toFixed(2)}`,
      `rejected_calls=${rejected}`,
      `failed_calls=${failed}`,
    ];
    return [`cmdstat_${commands.all[command].fullName}`, values.join(',')];
  });
}

function errorstats({ statistics }: InfoSources): Fields {
  return statistics.errors().map(({ code, count }) => [`errorstat_${code}`, `count=${count}`]);
}

/** Like Redis it tells nothing of an empty database. */
function keyspace({ map }: InfoSources): Fields {
  const keys = map.size;
  if (keys === 0) return [];
  const { expires, averageTtl } = expiringKeys(map.entries, keys);
  return [['db0', `keys=${keys},expires=${expires},avg_ttl=${averageTtl}`]];
}

/** As Redis writes sizes down: 1.50M. */
function human(bytes: number): string {
  const units = ['B', 'K', 'M', 'G', 'T'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return unit === 0 ? `${bytes}B` : `${value.toFixed(2)}${units[unit]}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
