/** The program with its fast lane, however many workers it has: it answers as it does without. */
import { connect } from 'node:net';
import t from 'tap';
import { startHotshard } from '../store/fixtures/hotshard.js';

const REQUESTS = [
  'POST /store/k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nvalue',
  'GET /get/k HTTP/1.1\r\nHost: h\r\n\r\nHEAD /v1/get/k HTTP/1.1\r\nHost: h\r\n\r\nGET /get/none HTTP/1.1\r\nHost: h\r\n\r\n',
  'GET /lookup?key=k HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
];

/** All that a server sends for these requests, each sent when there is an answer to the one before. */
function answersOf(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port, hostname } = new URL(url);
    const socket = connect({ port: Number(port), host: hostname });
    const rest = [...REQUESTS];
    let text = '';
    socket.write(rest.shift() ?? '');
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const next = rest.shift();
      if (next !== undefined) socket.write(next);
    });
    socket.on('error', reject);
    socket.on('end', () => resolve(text.replaceAll(/\r\nDate: [^\r]*/g, '')));
  });
}

t.test('workers and the main thread', async (t) => {
  const answers = await Promise.all(
    [['off', 1] as const, ['on', 0] as const, ['on', 1] as const, ['on', 2] as const].map(
      async ([fastLane, workers]) => {
        const hotshard = await startHotshard(t, { workers, args: ['--fast-lane', fastLane] });
        const { address } = await hotshard.logged('hotshard serves on');
        const text = await Promise.all(Array.from({ length: 8 }, () => answersOf(String(address))));
        const stats = await hotshard.client.stats();
        const requests = stats.workers.reduce((sum, row) => sum + (row.requests ?? 0), 0);
        hotshard.kill('SIGTERM');
        return { text, requests, code: await hotshard.ended };
      },
    ),
  );
  const [off, ...on] = answers;
  t.match(off?.text[0], /x-cache: hit.*"status":200.*Hello, World!/s);
  for (const lane of on) t.strictSame(lane, off);
});
