/** Fills Redis with the keys that the load asks for. */
import { Redis } from 'ioredis';

/** So many are set by one script: Redis serves nobody else meanwhile. */
const BATCH = 10_000;

/** Keys of the load's names (`nameOf`), each with 32 digits as its value. */
const SET_KEYS = `for key = ARGV[1], ARGV[2] do
  redis.call('SET', string.format('key:%d', key), string.format('%032x', key))
end`;

export async function fillRedis(port: number, keys: number): Promise<void> {
  const client = new Redis(port, '127.0.0.1');
  try {
    for (let first = 0; first < keys; first += BATCH) {
      await client.eval(SET_KEYS, 0, first, Math.min(first + BATCH, keys) - 1);
    }
  } finally {
    client.disconnect();
  }
}
