/** Has a server write to all memory of its map, so that what the system gives it for that is not taken for growth later. */
import { SPEECH } from './tongues.js';

const VALUE = Buffer.alloc(64 * 1024, 'x');
/** Written again and again: what they had before is dead, so nothing else has to go for their sake. */
const KEYS = 16;
/** Bytes written, by bytes of the map: once is not enough, since space is used again before all of it has been used. */
const TIMES = 3;

/**
 * @param port of the Redis protocol
 * @param bytes of the map
 */
export async function fillMap(port: number, bytes: number): Promise<void> {
  const connection = SPEECH.resp.connect(port);
  const ask = (request: Parameters<typeof connection.send>[0]): Promise<number> =>
    new Promise((resolve) => connection.send(request, resolve));
  try {
    for (let written = 0; written < TIMES * bytes; written += VALUE.length) {
      // A worker may die meanwhile: the next one is asked.
      await ask(SPEECH.resp.write(nameOf(written / VALUE.length), VALUE, 0));
    }
    for (let number = 0; number < KEYS; number++) await ask(SPEECH.resp.remove(nameOf(number)));
  } finally {
    connection.close();
  }
}

function nameOf(number: number): string {
  return `filling:${number % KEYS}`;
}
