/** HOTSHARD_FAULTS in the whole program: all faults at once, and its promises under them. */
import t from 'tap';
import { startReady } from '../store/fixtures/hotshard.js';
import { startRedis } from '../store/fixtures/redis-server.js';

/** What a key may have: the value of the last write that was acknowledged, or of one after it whose fate is unknown. */
class Register {
  #possible = new Set<string>(['']);

  mayHave(value: string): boolean {
    return this.#possible.has(value);
  }

  began(value: string): void {
    this.#possible.add(value);
  }

  acknowledged(value: string): void {
    this.#possible = new Set([value]);
  }
}

t.test('workers die, connections are lost, Redis is slow and fails: no value is wrong', async (t) => {
  const redis = await startRedis(t);
  const faults = 'store-delay=5ms@0.1,store-fail@0.05,kill-worker=300ms,drop-tracking=300ms';
  const hotshard = await startReady(t, {
    args: ['--redis', redis.url],
    env: { HOTSHARD_FAULTS: faults },
  });
  await hotshard.logged('HOTSHARD_FAULTS is set');
  const seen = { wrong: [] as string[], unavailable: 0, cut: 0, right: 0, slow: 0 };
  const happened = (message: string): number =>
    hotshard.log.filter(({ msg }) => msg.startsWith(message)).length;
  const isEnough = (): boolean =>
    seen.unavailable > 10 &&
    seen.cut > 0 &&
    seen.slow > 10 &&
    seen.right > 500 &&
    happened('worker is killed on purpose') > 1 &&
    happened('worker died') > 0 &&
    hotshard.log.some(({ reason }) => reason === 'the connection was closed');
  const client = async (key: string): Promise<void> => {
    const register = new Register();
    for (let number = 0; !isEnough() && seen.wrong.length === 0; number++) {
      const value = `${key}=${number}`;
      try {
        register.began(value);
        const began = performance.now();
        const { status } = await hotshard.client.set(key, value);
        if (status === 200) register.acknowledged(value);
        else if (status === 503) seen.unavailable++;
        else seen.wrong.push(`${status} for a write`);
        if (performance.now() - began >= 5) seen.slow++;
        for (let reads = 0; reads < 3; reads++) {
          const { status, text } = await hotshard.client.get(key);
          if (status === 503) seen.unavailable++;
          else if ((status === 200 && register.mayHave(text)) || (status === 404 && register.mayHave('')))
            seen.right++;
          else seen.wrong.push(`${status} ${text} after ${value}`);
        }
      } catch {
        // A connection that ended with its worker, or a port that is just being taken over.
        seen.cut++;
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, i) => client(`key:${i}`)));
  t.strictSame(seen.wrong, []);
  t.ok(isEnough(), JSON.stringify(seen));
  hotshard.kill('SIGTERM');
  t.equal(await hotshard.ended, 0);
});
