/**
 * Where a Redis or a Redis Cluster is, as people write it: URLs, paths of sockets, lists of nodes. They may hold
 * passwords, so what is shown of them anywhere goes through {@link maskSecrets}.
 */
import { isHost, stripBrackets } from './host.js';

/** What {@link parseRedisAddress} takes, for messages. */
export const REDIS_FORMAT =
  'redis://[[user]:password@]host[:port][/database], the same with rediss:// (TLS), or the path of a socket';

/** What {@link parseRedisCluster} takes, for messages. */
export const REDIS_CLUSTER_FORMAT =
  'host:port,host:port,… with, for all of them, redis://[[user]:password@] or rediss:// (TLS) before the first';

export const DEFAULT_REDIS_PORT = 6379;
const MAX_PORT = 65_535;
const MAX_DATABASE = 2 ** 31 - 1;

interface RedisAccess {
  /** Absent: Redis's default user. */
  readonly username?: string;
  readonly password?: string;
  readonly tls: boolean;
}

/** A TCP address, and how to be let in there. */
export interface RedisNode extends RedisAccess {
  readonly host: string;
  readonly port: number;
}

/** A Unix socket, and how to be let in there. */
export interface RedisSocket extends RedisAccess {
  readonly path: string;
}

export type RedisAddress = (RedisNode | RedisSocket) & {
  /** What SELECT is told. */
  readonly database: number;
};

/** The address of one Redis; `undefined` when it is none. Credentials and paths in URLs are percent-decoded. */
export function parseRedisAddress(text: string): RedisAddress | undefined {
  if (text.includes('\0')) return undefined;
  try {
    return parsePath(text) ?? parseSocketUrl(text) ?? parseUrl(text);
  } catch (error) {
    // a percent sign that encodes nothing
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/**
 * The nodes by which a cluster is found; `undefined` when it is no list of them. Credentials and TLS are the same in
 * all, since the nodes that these name will need them too.
 */
export function parseRedisCluster(text: string): readonly RedisNode[] | undefined {
  const access = /^rediss?:\/\/(?:[^/?#]*@)?/i.exec(text.split(',', 1)[0] ?? '')?.[0] ?? 'redis://';
  const nodes: RedisNode[] = [];
  for (const part of text.split(',')) {
    const isUrl = part.includes('://');
    if (!isUrl && !/^[^@]+:\d+$/.test(part)) return undefined;
    const address = parseRedisAddress(isUrl ? part : access + part);
    if (address === undefined || 'path' in address || address.database !== 0) return undefined;
    const { database, ...node } = address;
    nodes.push(node);
  }
  const [first] = nodes;
  const isAlike = nodes.every(
    (node) => node.tls === first?.tls && node.username === first.username && node.password === first.password,
  );
  return isAlike ? nodes : undefined;
}

/**
 * The address in a variable for a port: a bare number, on this machine, or `tcp://host:port`, which is what
 * Kubernetes and Docker make of a service of that name. Undefined when it is neither.
 */
export function parsePortVariable(text: string): RedisNode | undefined {
  const [, host = '127.0.0.1', digits] = /^(?:tcp:\/\/([^/?#@]+):)?(\d+)$/.exec(text) ?? [];
  const bare = stripBrackets(host);
  const port = Number(digits);
  return isHost(bare) && isPort(port) ? { host: bare, port, tls: false } : undefined;
}

/** What is sure to be no password: hosts, ports, a path, a database. Nobody writes credentials without a scheme. */
const HARMLESS_IN_URL = /^(?!:)(?:\[[^\]]*\]|[^:?[]|:\d{1,5}(?=[/?,]|$)|\?db=\d*$)*/s;
const HARMLESS_ELSEWHERE = /^(?:[^?]|\?db=\d*$)*/s;

/** An address, right or wrong, with all that may be a password replaced by `***`. */
export function maskSecrets(text: string): string {
  const scheme = /^[a-z+]+:\/\//i.exec(text)?.[0] ?? '';
  const at = text.lastIndexOf('@');
  const place = text.slice(Math.max(at + 1, scheme.length));
  const harmless = (scheme === '' ? HARMLESS_ELSEWHERE : HARMLESS_IN_URL).exec(place)?.[0] ?? '';
  const rest = place === harmless ? '' : `${place.charAt(harmless.length)}***`;
  return `${scheme}${at === -1 ? '' : '***@'}${harmless}${rest}`;
}

/** `/run/redis.sock`, `./redis.sock?db=2` */
function parsePath(text: string): RedisAddress | undefined {
  const [, path, query] = /^(\.{0,2}\/[^?]*)(\?.*)?$/s.exec(text) ?? [];
  const database = parseDatabase(undefined, query);
  if (path === undefined || path.startsWith('//') || database === undefined) return undefined;
  return { path, tls: false, database };
}

/** `unix:///run/redis.sock`, `redis+unix://user:password@/run/redis.sock?db=2` */
function parseSocketUrl(text: string): RedisAddress | undefined {
  const [, login, path, query] =
    /^(?:redis\+)?unix:\/\/(?:([^/?#]*)@)?(\/[^?#]+)(\?[^#]*)?$/is.exec(text) ?? [];
  if (path === undefined) return undefined;
  const [, username, password] = /^([^:]*)(?::(.*))?$/s.exec(login ?? '') ?? [];
  const credentials = parseCredentials(username, password);
  const database = parseDatabase(undefined, query);
  if (credentials === undefined || database === undefined) return undefined;
  return { path: decodeURIComponent(path), ...credentials, tls: false, database };
}

function parseUrl(text: string): RedisAddress | undefined {
  if (!/^rediss?:\/\//i.test(text) || /\s/.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, hostname, port: digits, username, password, pathname, search, hash } = new URL(text);
  const host = stripBrackets(hostname);
  const port = digits === '' ? DEFAULT_REDIS_PORT : Number(digits);
  const credentials = parseCredentials(username, password);
  const database = parseDatabase(pathname, search);
  if (!isHost(host) || !isPort(port) || hash !== '') return undefined;
  if (credentials === undefined || database === undefined) return undefined;
  return { host, port, ...credentials, tls: protocol === 'rediss:', database };
}

/** Undefined for a user without a password: clients would not send it. */
function parseCredentials(
  username = '',
  password = '',
): Pick<RedisAccess, 'username' | 'password'> | undefined {
  if (password === '') return username === '' ? {} : undefined;
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    password: decodeURIComponent(password),
  };
}

/** From `/2` or `?db=2`, at most one of them; undefined when it is something else. */
function parseDatabase(pathname = '', query = ''): number | undefined {
  const isNone = (part: string): boolean => part.length <= 1;
  if (isNone(pathname) && isNone(query)) return 0;
  if (!isNone(pathname) && !isNone(query)) return undefined;
  const digits = (/^\/(\d+)$/.exec(pathname) ?? /^\?db=(\d+)$/.exec(query))?.[1];
  const database = Number(digits);
  return database <= MAX_DATABASE ? database : undefined;
}

function isPort(port: number): boolean {
  return port >= 1 && port <= MAX_PORT;
}
