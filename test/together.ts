/**
 * Runs the files of tests of a folder in this process, one after the other: tests that leave nothing behind for the next, such
 * as those of functions. Loading what all of them use takes most of the time of such a file. Its argument is the folder.
 */
import { filesOfTests, folderTogether } from './files.js';

const [, , folder] = process.argv;
for (const file of filesOfTests()) {
  if (folderTogether(file) === folder) await import(`./${file}`);
}
