/**
 * `npm run results:check`: every figure that the READMEs quote is in the CSV files of `results/`, and their tables are
 * made from them. Exits with 1 and tells what is wrong, with file and line. `--write`, or `npm run results:tables`, makes
 * the tables anew first. How figures are quoted is told in `results/README.md`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { optionsBy, ROOT } from './command.js';
import { parseFlags } from './flags.js';
import { checkAll, DOCUMENTS } from './results-check/check.js';
import { csvReader } from './results-check/csv.js';
import { withTables } from './results-check/tables.js';

const { write } = optionsBy((args) =>
  parseFlags(args, {
    script: 'results:check',
    flags: { write: { type: 'boolean', describe: 'make the tables anew', default: false } },
    schema: z.object({ write: z.boolean() }),
  }),
);

const read = csvReader(ROOT);
if (write) {
  for (const name of DOCUMENTS) {
    const path = join(ROOT, name);
    const text = readFileSync(path, 'utf8');
    const next = withTables(text, read);
    if (next === text) continue;
    writeFileSync(path, next);
    process.stdout.write(`${name}: tables written\n`);
  }
}
const { figures, tables, findings } = checkAll(ROOT, read);
for (const { file, line, message } of findings) process.stdout.write(`${file}:${line}: ${message}\n`);
process.stdout.write(
  `${figures} figures and ${tables} tables compared with the CSV files, ${findings.length} findings\n`,
);
process.exitCode = findings.length === 0 ? 0 : 1;
