/** What the README shows is true: its tables are those of the code, its examples run and print what it says. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Test, test } from 'tap';
import { OPTIONS } from '../src/config/options.js';
import { plain } from './plain.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const PROGRAM = join(ROOT, 'dist/bin/hotshard.js');
/** Where a server of its examples listens. */
const SERVER = 'http://127.0.0.1:3000';
const RESP_SERVER = 'redis://127.0.0.1:6379';
/** What the programs import beside hotshard. */
const INSTALLED = ['@hapi', '@upstash', 'ioredis', 'keyv'];

const execute = promisify(execFile);

test('the table of flags is that of the code', (t) => {
  const code = (text: string) => `\`${text}\``;
  const rows = Object.values(OPTIONS).map(({ flag, alias, environment, default: value, description }) => [
    [code(`--${flag}`), ...(alias === undefined ? [] : [code(`-${alias}`)])].join(', '),
    environment.map(({ name }) => code(name)).join(', '),
    value === '' ? 'none' : code(value),
    description.replaceAll('<', '&lt;').replaceAll('|', '\\|'),
  ]);
  const table = [['flag', 'environment', 'default', 'meaning'], ['--', '--', '--', '--'], ...rows];
  t.strictSame(
    tableOf('flag'),
    table.map((row) => `| ${row.join(' | ')} |`),
  );
  t.end();
});

test('its programs print what it says', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hotshard-readme-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/hotshard'), 'junction');
  for (const name of INSTALLED)
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
  const programs = blocks('js');
  t.ok(programs.length > 0, 'there are some');
  const { server, respServer } = await startServer(t);
  for (const [i, { text }] of programs.entries()) {
    const said = [...text.matchAll(/^.*console\.log\(.*\);? +\/\/ (.*)$/gm)].map(([, output]) => output);
    const file = join(folder, `${i}.mjs`);
    writeFileSync(file, text.replaceAll(SERVER, server).replaceAll(RESP_SERVER, respServer));
    const { stdout } = await execute(...plain(process.execPath, [file]), { timeout: 30_000 });
    t.strictSame(stdout.trimEnd().split('\n'), said, text.split('\n', 1)[0]);
  }
});

const missing = (await Promise.all(['curl', 'redis-cli'].map(isMissing))).some(Boolean);

test('its sessions in a shell go as it says', {
  skip: missing && 'curl or redis-cli is missing',
}, async (t) => {
  const { server, respServer } = await startServer(t);
  const all = blocks('sh', 'text');
  t.ok(all.length > 0, 'there are some');
  for (const { text, next } of all) {
    const session = text
      .replaceAll(SERVER, server)
      .replaceAll(/\bredis-cli\b/g, `redis-cli -u ${respServer}`)
      .replaceAll(/^npx hotshard (\w+)/gm, `"${process.execPath}" "${PROGRAM}" $1 --url ${server}`);
    const { stdout } = await execute(...plain('sh', ['-c', session]), { timeout: 30_000 });
    t.equal(stdout.replaceAll('\r', ''), next, text.split('\n', 1)[0]);
  }
});

test('what it refers to is there', (t) => {
  for (const [, target = ''] of README.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
    t.ok(existsSync(join(ROOT, target)), target);
  }
  const { scripts } = readJson('package.json') as { scripts: Record<string, string> };
  for (const [, name = ''] of README.matchAll(/\bnpm run ([\w:-]+)/g))
    t.ok(name in scripts, `npm run ${name}`);
  t.end();
});

/** The table whose first column is called so: its rows, without the padding of the formatter. */
function tableOf(column: string): string[] {
  const lines = README.split('\n');
  const first = lines.findIndex((line) => line.startsWith(`| ${column} `));
  const end = lines.findIndex((line, i) => i > first && !line.startsWith('|'));
  return lines
    .slice(first, end)
    .map((line) => line.replace(/ +\|/g, ' |').replace(/\| +/g, '| ').replace(/-{2,}/g, '--'));
}

/** Code blocks of a language; with `next`, only those that a block of that language follows at once: its output. */
function blocks(language: string, next?: string): { text: string; next: string }[] {
  const block = (name: string) => `\`\`\`${name}\\n([\\s\\S]*?)\`\`\`\\n`;
  const pattern = `^${block(language)}${next === undefined ? '' : `\\n+${block(next)}`}`;
  return [...README.matchAll(new RegExp(pattern, 'gm'))].map(([, text = '', output = '']) => ({
    text,
    next: output,
  }));
}

async function isMissing(program: string): Promise<boolean> {
  return execute(program, ['--version']).then(
    () => false,
    () => true,
  );
}

async function startServer(t: Test): Promise<{ server: string; respServer: string }> {
  const flags = ['--port', '0', '--resp-port', '0', '--workers', '1'];
  const server = spawn(...plain(process.execPath, [PROGRAM, ...flags]), {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => server.kill('SIGKILL'));
  const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
  const { address, respAddress } = JSON.parse(line) as { address: string; respAddress: string };
  return { server: address, respServer: respAddress };
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}
