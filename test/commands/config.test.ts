/** CONFIG: what is configured is told by Redis's names, and nothing can be changed. */
import t from 'tap';
import type { Captured } from './capture.js';
import { ServerRig } from './server-rig.js';

t.test('settings that clients and tools ask for have their true values', (t) => {
  const flags = { 'max-memory': '64mb', workers: '3', host: '0.0.0.0', 'log-level': 'debug' };
  const client = new ServerRig(t, { flags }).connect();
  const expected = {
    ...{ save: '', appendonly: 'no', maxmemory: String(64 << 20), 'maxmemory-policy': 'allkeys-lru' },
    ...{
      databases: '1',
      timeout: '0',
      port: '6379',
      bind: '0.0.0.0',
      'io-threads': '3',
      loglevel: 'verbose',
    },
    ...{ 'proto-max-bulk-len': '512', 'client-query-buffer-limit': '1024' },
    ...{ 'client-output-buffer-limit': 'normal 2048 0 0', 'tls-port': '0' },
  };
  for (const [name, value] of Object.entries(expected)) {
    t.strictSame(client.say(`CONFIG GET ${name}`), [name, value]);
  }
  const [name, maxclients] = client.say('CONFIG GET maxclients') as string[];
  t.equal(name, 'maxclients');
  t.ok(Number(maxclients) > 0);
  t.end();
});

t.test('names are patterns, several may be given, and each setting is told once', (t) => {
  const client = new ServerRig(t).connect();
  const names = (line: string): Captured[] =>
    (client.say(line) as Captured[]).filter((_, index) => index % 2 === 0);
  t.strictSame(names('CONFIG GET MAXMEMORY'), ['maxmemory']);
  t.strictSame(names('CONFIG GET save maxmemor? maxmemory sav*'), ['maxmemory', 'save']);
  t.strictSame(names('CONFIG GET nosuch'), []);
  t.ok(names('CONFIG GET *').length > 20);
  t.end();
});

t.test('passwords are never told', (t) => {
  const flags = { 'auth-token': 'very-secret', 'read-only-token': 'quite-secret' };
  const told = JSON.stringify(new ServerRig(t, { flags }).connect().say('CONFIG GET *'));
  t.notMatch(told, /secret/);
  t.end();
});

t.test('with TLS the port is that of TLS', (t) => {
  const flags = { 'tls-cert': 'c.pem', 'tls-key': 'k.pem' };
  const client = new ServerRig(t, { flags }).connect();
  t.strictSame(client.say('CONFIG GET port tls-port'), ['port', '0', 'tls-port', '6379']);
  t.end();
});

t.test('nothing can be set', (t) => {
  const client = new ServerRig(t).connect();
  t.equal(client.say('CONFIG SET maxmemory 1'), "-ERR unknown subcommand 'SET'. Try CONFIG HELP.");
  t.end();
});
