/**
 * npm `sharedmap`: the other map in a SharedArrayBuffer. Its type declarations are not valid TypeScript and name
 * exports that it does not have, so it is required instead of imported, and declared here.
 */
import { createRequire } from 'node:module';
import { KEY_SIZE } from './data.js';

export interface SharedMap {
  /** Keys held. */
  readonly length: number;
  get(key: string): string | undefined;
  set(key: string, value: string): void;
}

type SharedMapClass = new (maxSize: number, keySize: number, objSize: number) => SharedMap;

const Class: SharedMapClass = createRequire(import.meta.url)('sharedmap');

/** Twice the places that the keys need: in a full one, its chains are long. */
const PLACES_PER_KEY = 2;

/**
 * It writes a zero behind each key and value without making room for it: with sizes that are exact, into the next one.
 */
export function createSharedMap(keys: number, valueSize: number): SharedMap {
  return new Class(PLACES_PER_KEY * keys, KEY_SIZE + 1, valueSize + 1);
}

/** What arrived from another thread has lost its class; this is how its documentation says to give it back. */
export function attachSharedMap(received: unknown): SharedMap {
  return Object.setPrototypeOf(received, Class.prototype);
}
