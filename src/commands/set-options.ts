/** The options of `SET` and `GETEX`, from words. One object is used for all calls. */
import type { Arguments } from './arguments.js';
import { CommandError, SYNTAX_ERROR } from './command.js';
import { EX, EXAT, PX, PXAT, type TimeForm } from './expire-time.js';

export class SetOptions {
  /** NX: only if the key has no value; XX: only if it has one. */
  condition: 'none' | 'nx' | 'xx' = 'none';
  /** SET: answer with the old value. */
  isGet = false;
  keepsTtl = false;
  /** GETEX: the key is never to expire. */
  persists = false;
  /** How the word at `timeIndex` gives the expiry; undefined: none is given. */
  time: TimeForm | undefined;
  timeIndex = 0;

  /**
   * @param from index of the first option
   * @throws {CommandError} when a word is none, or does not go with those before it
   */
  parse(args: Arguments, from: number, command: 'set' | 'getex'): this {
    this.condition = 'none';
    this.isGet = false;
    this.keepsTtl = false;
    this.persists = false;
    this.time = undefined;
    for (let index = from; index < args.count; index++) {
      const isKnown = command === 'set' ? this.#isOfSet(args, index) : this.#isOfGetEx(args, index);
      if (isKnown) continue;
      const time = timeNamed(args, index);
      const isLast = index + 1 === args.count;
      const isOther = this.time !== undefined && this.time !== time;
      if (time === undefined || isLast || isOther || this.keepsTtl || this.persists) {
        throw new CommandError(SYNTAX_ERROR);
      }
      this.time = time;
      this.timeIndex = ++index;
    }
    return this;
  }

  #isOfSet(args: Arguments, index: number): boolean {
    if (args.is(index, 'nx') && this.condition !== 'xx') this.condition = 'nx';
    else if (args.is(index, 'xx') && this.condition !== 'nx') this.condition = 'xx';
    else if (args.is(index, 'get')) this.isGet = true;
    else if (args.is(index, 'keepttl') && this.time === undefined) this.keepsTtl = true;
    else return false;
    return true;
  }

  #isOfGetEx(args: Arguments, index: number): boolean {
    if (!args.is(index, 'persist') || this.time !== undefined) return false;
    this.persists = true;
    return true;
  }
}

function timeNamed(args: Arguments, index: number): TimeForm | undefined {
  if (args.is(index, 'ex')) return EX;
  if (args.is(index, 'px')) return PX;
  if (args.is(index, 'exat')) return EXAT;
  if (args.is(index, 'pxat')) return PXAT;
  return undefined;
}
