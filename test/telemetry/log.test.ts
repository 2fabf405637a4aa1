/** What log lines look like, and that none is lost at an exit. */
import { spawnSync } from 'node:child_process';
import { test } from 'tap';
import { LOG_LEVELS } from '../../src/config/config.js';
import { createLogger } from '../../src/telemetry/log.js';

/** Runs code in a program of its own, with the module's exports in `log`, and returns what it wrote. */
function written(code: string): string {
  const module = JSON.stringify(new URL('../../src/telemetry/log.js', import.meta.url).href);
  const script = `import * as log from ${module};\n${code}`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    env: { PATH: process.env.PATH },
    encoding: 'utf8',
  });
  return stdout;
}

test('a line is JSON with level, ISO time, process id and message', async (t) => {
  const lines: string[] = [];
  createLogger('info', { write: (line) => lines.push(line) }).warn({ port: 3000 }, 'listening');
  t.equal(lines.length, 1);
  const line = JSON.parse(lines[0] ?? '');
  t.strictSame(Object.keys(line).sort(), ['level', 'msg', 'pid', 'port', 'time']);
  t.match(line, { level: 40, msg: 'listening', pid: process.pid, port: 3000 });
  t.equal(new Date(line.time).toISOString(), line.time);
});

test('an error is logged with message and stack', async (t) => {
  const lines: string[] = [];
  createLogger('info', { write: (line) => lines.push(line) }).error(new Error('broken'));
  t.match(JSON.parse(lines[0] ?? ''), { err: { type: 'Error', message: 'broken', stack: /log\.test/ } });
});

test('lines below the level are not written', async (t) => {
  for (const level of LOG_LEVELS) {
    const messages: string[] = [];
    const logger = createLogger(level, { write: (line) => messages.push(JSON.parse(line).msg) });
    const written = LOG_LEVELS.filter((each) => each !== 'silent');
    for (const each of written) logger[each](each);
    t.strictSame(messages, level === 'silent' ? [] : written.slice(0, written.indexOf(level) + 1), level);
  }
});

test('on standard output that is no terminal lines are JSON, and complete at an immediate exit', async (t) => {
  const output = written(`
    const logger = log.createLogger('info', await log.standardOutput());
    for (let i = 0; i < 1000; i++) logger.info({ i }, 'line');
    process.exit();
  `);
  const lines = output.trimEnd().split('\n');
  t.equal(lines.length, 1000);
  t.match(JSON.parse(lines.at(-1) ?? ''), { i: 999, msg: 'line' });
});

test('for people lines are readable text, and complete at an immediate exit', async (t) => {
  const output = written(`
    const logger = log.createLogger('info', await log.standardOutput(true));
    for (let i = 0; i < 1000; i++) logger.info('line ' + i);
    process.exit();
  `);
  const lines = output.trimEnd().split('\n');
  t.equal(lines.length, 1000);
  t.match(lines.at(-1), /INFO.*line 999$/);
  t.notMatch(lines.at(-1), /^\{/);
});
