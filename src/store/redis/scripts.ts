/**
 * The scripts that writes run in Redis. A write makes Redis forget who read the key, the writer too; so what was written may
 * be kept only if it is read again before anybody else can change it. A script does both in one step and one reply.
 */
import { createHash } from 'node:crypto';

export interface Script {
  readonly lua: string;
  readonly sha: string;
}

function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** KEYS: the key. ARGV: value, and time to live in milliseconds unless it has none. */
export const SET = script(`
if ARGV[2] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[1])
end
return redis.call('PTTL', KEYS[1])`);

/** KEYS: the key. Returns 1 when it was there. */
export const DELETE = script(`
local deleted = redis.call('DEL', KEYS[1])
redis.call('PTTL', KEYS[1])
return deleted`);

/**
 * KEYS: the key. ARGV: a command and what follows its key. Returns its reply, and value and PTTL of the key now. The
 * first GET refuses what is no string before anything is done.
 */
export const MODIFY = script(`
redis.call('GET', KEYS[1])
local reply = redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))
return {reply, redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}`);

/**
 * The same for any command that there is for strings: what Redis says against it comes as the fourth of the list, and
 * of a key whose value is no string comes the reply alone. Raised, an error would be told with the script's name in it.
 */
export const APPLY = script(`
local reply = redis.pcall(ARGV[1], KEYS[1], unpack(ARGV, 2))
local refusal = type(reply) == 'table' and reply.err
local value = redis.pcall('GET', KEYS[1])
if type(value) == 'table' then
  return {not refusal and reply, false, false, refusal}
end
return {not refusal and reply, value, redis.call('PTTL', KEYS[1]), refusal}`);

export const SCRIPTS: readonly Script[] = [SET, DELETE, MODIFY, APPLY];
