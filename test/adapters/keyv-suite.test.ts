/**
 * The adapter passes all of @keyv/test-suite, with Keyv 5 and 6, except for tests that are wrong by themselves: those
 * fail on a plain Map as well, in the same run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { plain } from '../plain.js';
import { KEYV_VERSIONS } from './fixtures/keyv-versions.js';

const VITEST = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));
const SPECS = fileURLToPath(new URL('./fixtures', import.meta.url));

/** Tests of stores in version 2.1.2 of the suite: if there are fewer, not all of them were run. */
const LEAST_TESTS = 42;

/** By version of Keyv: what is not expected to pass, and why. */
const EXCLUDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Keyv 6': {
    '.deleteMany([keys]) with nonexistent keys resolves to false':
      'the suite is that of Keyv 5; Keyv 6 resolves to an array, one value per key',
  },
};

const outcomes = await runSuite();

for (const { name, skip } of KEYV_VERSIONS) {
  test(`${name} over the adapter`, { skip }, (t) => {
    const hotshard = outcomesOf(`${name} hotshard`);
    const map = outcomesOf(`${name} Map`);
    const excluded = Object.keys(EXCLUDED[name] ?? {});
    t.ok(hotshard.size >= LEAST_TESTS, `${hotshard.size} tests were run`);
    t.strictSame([...map.keys()], [...hotshard.keys()], 'the same ones over a Map');
    t.strictSame(
      [...hotshard]
        .filter(([title]) => !excluded.includes(title))
        .filter(([, { status }]) => status !== 'passed'),
      [],
      'all pass but those that are excluded',
    );
    for (const title of excluded) {
      t.equal(map.get(title)?.status, 'failed', `excluded since it fails over a Map too: ${title}`);
    }
    t.end();
  });
}

interface Outcome {
  readonly status: string;
  readonly failureMessages: readonly string[];
}

interface Report {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly (Outcome & {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
    })[];
  }[];
}

/** Outcomes by title, of the tests of one version of Keyv over one store. */
function outcomesOf(name: string): Map<string, Outcome> {
  const found = new Map<string, Outcome>();
  for (const { assertionResults } of outcomes.testResults) {
    for (const { ancestorTitles, title, status, failureMessages } of assertionResults) {
      const [first, ...rest] = ancestorTitles;
      if (first === name) found.set([...rest, title].join(' '), { status, failureMessages });
    }
  }
  return found;
}

/** Runs vitest over the compiled specification, in a process of its own: the suite freezes the clock. */
async function runSuite(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'hotshard-keyv-'));
  try {
    const file = join(folder, 'report.json');
    const args = [VITEST, 'run', '--root', SPECS, '--no-cache', '--reporter=json', `--outputFile=${file}`];
    const vitest = spawn(...plain(process.execPath, args), {
      env: environment(),
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    // Its exit code is that of tests that fail; those are looked at one by one.
    await once(vitest, 'exit');
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    const broken = report.testResults.find(({ message }) => message !== '');
    if (broken !== undefined) throw new Error(broken.message);
    return report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The environment without what tap has put there. */
function environment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('TAP'));
  return Object.fromEntries(entries);
}
