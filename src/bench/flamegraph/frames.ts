/** Whose a frame of a stack is, and what it is called without the paths of the machine. */
import { ROOT } from '../command.js';

/** In the order of the legend. */
export const GROUPS = {
  own: 'hotshard',
  hapi: 'Hapi',
  packages: 'other packages',
  node: 'Node.js',
  native: 'V8, native',
  gc: 'garbage collection',
  waiting: 'waiting',
} as const;

export type Group = keyof typeof GROUPS;

export const GROUP_NAMES = Object.keys(GROUPS) as Group[];

export interface Frame {
  /** With file and line, where there are any: tells a function from others. */
  readonly name: string;
  /** For a box of the picture. */
  readonly label: string;
  readonly group: Group;
}

/** A piece of code as V8 names it. */
export interface Code {
  readonly name: string;
  /** `JS`, `CODE` (built-ins, regular expressions), `CPP`, `SHARED_LIB`. */
  readonly type: string;
}

export const COLLECTING: Frame = { name: 'garbage collection', label: 'garbage collection', group: 'gc' };
const UNKNOWN: Frame = { name: 'native code', label: 'native code', group: 'native' };

/** `name file:line:column`, where the name may be missing or have a blank. */
const FUNCTION = /^(.*?) ?((?:file:\/\/)?\/.*|node:.*):(\d+):\d+$/;

/** Functions of the system that return when there is something to do. */
const WAITING = /^(?:epoll_p?wait2?|kevent|poll|ppoll)$/;

/** Of code that V8 knows nothing about: "native code". */
export function frameOf(code: Code | undefined): Frame {
  if (code === undefined) return UNKNOWN;
  const parts = code.type === 'JS' ? FUNCTION.exec(code.name) : null;
  if (parts === null) return nativeFrame(code.name);
  const [, given, path, line] = parts;
  const file = withoutPaths(path);
  const name = given === '' ? '(anonymous)' : given;
  return { name: `${name} ${file}:${line}`, label: `${name} ${shortFile(file)}`, group: groupOf(file) };
}

/** A name of V8's, with paths from the root of the repository in place of those of this machine. */
function withoutPaths(text: string): string {
  return text
    .replaceAll(`file://${ROOT}`, '')
    .replaceAll(ROOT, '')
    .replaceAll(/(?:file:\/\/)?(?:\/[^/"\s]+)*\/node_modules\//g, 'node_modules/')
    .replaceAll(process.execPath, 'node')
    .replaceAll(/(?:\/[\w.+-]+)+\/((?:lib|ld-)[\w.+-]*\.so[\w.]*)/g, '$1');
}

/** A page of 0x with such names. The program in it stays as it is. */
export function pageWithoutPaths(html: string): string {
  return html.replaceAll(/"(?:name|fn)":"(?:[^"\\]|\\.)*"/g, withoutPaths);
}

function nativeFrame(given: string): Frame {
  // Versions of symbols of libraries, arguments of C++ functions.
  const name = withoutPaths(given)
    .replace(/@@?[A-Z]\w*[\w.]*$/, '')
    .replace(/\(.*\)(?: const)?$/, '');
  const text = name === 'node' ? 'node, native code' : name.trim() || '(anonymous)';
  const isWaiting = WAITING.test(text);
  return { name: text, label: text, group: isWaiting ? 'waiting' : 'native' };
}

function groupOf(file: string): Group {
  if (file.startsWith('node:')) return 'node';
  if (file.startsWith('dist/')) return 'own';
  return file.startsWith('node_modules/@hapi/') ? 'hapi' : 'packages';
}

/** `hapi/request.js`, `shards/bucket.js`, `node:net`: what one knows it by. */
function shortFile(file: string): string {
  const words = file.replace(/\/lib\//, '/').split('/');
  return file.startsWith('node:') ? file : words.slice(-2).join('/');
}
