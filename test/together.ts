/**
 * Runs the files of tests of a folder in this process, one after the other: tests that leave nothing behind for the next, such
 * as those of functions. Loading what all of them use takes most of the time of such a file. Its argument is the folder.
 */
import t from 'tap';
import { filesOfTests, folderTogether } from './files.js';

const [, , folder] = process.argv;

// A test itself, since the others wait for its end: none runs while the next file is loaded, which would hold up what it
// times, and tap does not find itself without a test, and end, before the last file has been loaded.
t.test(`the files of ${folder} are loaded`, async () => {
  for (const file of filesOfTests()) {
    if (folderTogether(file) === folder) await import(`./${file}`);
  }
});
