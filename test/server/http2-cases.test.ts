/** The cases of HTTP/1.1, asked over HTTP/2 with prior knowledge: same routes, same answers. */
import t from 'tap';
import { speak } from './server-under-test.js';

const warnings: string[] = [];
process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`));

speak('h2c');
await import('./routes.test.js');
await import('./value.test.js');
await import('./key.test.js');
await import('./concurrency.test.js');
await import('./at-once.test.js');
await import('./access.test.js');
await import('./commands.test.js');

t.test('nothing was said on the console', async (t) => {
  t.strictSame(warnings, []);
});
