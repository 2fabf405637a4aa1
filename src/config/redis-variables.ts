/** The variables that together name one Redis, as many programs read them: either can be absent. */
import { z } from 'zod';
import { parsed, type ValueFormat } from './formats.js';
import { isHost, stripBrackets } from './host.js';
import {
  DEFAULT_REDIS_PORT,
  maskSecrets,
  parsePortVariable,
  type RedisAddress,
  type RedisNode,
} from './redis-address.js';

export const REDIS_HOST = 'REDIS_HOST';
export const REDIS_PORT = 'REDIS_PORT';

export const redisHost: ValueFormat<RedisAddress> = {
  allowed: 'an IPv4 address, an IPv6 address or a host name',
  schema: z
    .string()
    .transform(stripBrackets)
    .refine(isHost)
    .transform((host) => ({ host, port: DEFAULT_REDIS_PORT, tls: false, database: 0 })),
  show: maskSecrets,
};

export const redisPort: ValueFormat<RedisNode & RedisAddress> = {
  allowed: 'a whole number from 1 to 65535, or tcp://host:port',
  schema: parsed(parsePortVariable).transform((node) => ({ ...node, database: 0 })),
  show: maskSecrets,
};
