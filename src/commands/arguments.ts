/**
 * The words of a command, as places in the buffer they came in. No word is made an object unless somebody asks for it,
 * so a lane uses one of these for all the commands that it reads.
 */

const NOTHING = Buffer.alloc(0);

/** Words there is room for at first. */
const FIRST_ROOM = 64;

export class Arguments {
  /** Where the words are. Whoever reads a buffer anew overwrites it: what is to be kept is copied. */
  bytes: Buffer = NOTHING;
  /** How many there are, the command's name included. */
  count = 0;
  #starts = new Int32Array(FIRST_ROOM);
  #ends = new Int32Array(FIRST_ROOM);

  /** Words of a command that lies in no read buffer. */
  static of(words: readonly (string | Uint8Array)[]): Arguments {
    const parts = words.map((word) => (typeof word === 'string' ? Buffer.from(word) : word));
    const args = new Arguments();
    args.bytes = Buffer.concat(parts);
    let at = 0;
    for (const part of parts) {
      args.add(at, at + part.length);
      at += part.length;
    }
    return args;
  }

  clear(): void {
    this.count = 0;
  }

  /** Adds the word from `start` to before `end`. */
  add(start: number, end: number): void {
    if (this.count === this.#starts.length) this.#grow();
    this.#starts[this.count] = start;
    this.#ends[this.count] = end;
    this.count++;
  }

  start(index: number): number {
    return this.#starts[index];
  }

  end(index: number): number {
    return this.#ends[index];
  }

  length(index: number): number {
    return this.end(index) - this.start(index);
  }

  /** The word's bytes, private to the caller. */
  copy(index: number): Buffer {
    return Buffer.from(this.view(index));
  }

  /** The word's bytes where they lie: for as long as the command runs without waiting. */
  view(index: number): Buffer {
    return this.bytes.subarray(this.start(index), this.end(index));
  }

  /** The word as text; bytes that are not UTF-8 come as U+FFFD. */
  text(index: number): string {
    return this.bytes.toString('utf8', this.start(index), this.end(index));
  }

  /** The word in lower case, a character for a byte: for words that are ASCII, as those of the commands are. */
  word(index: number): string {
    return this.bytes.toString('latin1', this.start(index), this.end(index)).toLowerCase();
  }

  /** Whether the word is this one, in whatever case. @param lowerCase letters of ASCII */
  is(index: number, lowerCase: string): boolean {
    const start = this.start(index);
    if (this.end(index) - start !== lowerCase.length) return false;
    for (let i = 0; i < lowerCase.length; i++) {
      const expected = lowerCase.charCodeAt(i);
      const byte = this.bytes[start + i];
      if (byte !== expected && (expected < 0x61 || byte !== expected - 0x20)) return false;
    }
    return true;
  }

  /** Bytes from the first word to the end of the last one. */
  bytesBetween(): number {
    return this.count === 0 ? 0 : this.end(this.count - 1) - this.start(0);
  }

  /** The same words in bytes of their own, for a command that is to run later. */
  detached(): Arguments {
    const copy = new Arguments();
    const first = this.count === 0 ? 0 : this.start(0);
    // Words follow each other in the buffer: what lies between them is a few bytes.
    copy.bytes = Buffer.from(this.bytes.subarray(first, first + this.bytesBetween()));
    // No room for more of them: very many commands may wait for their turn.
    copy.#starts = this.#starts.slice(0, this.count);
    copy.#ends = this.#ends.slice(0, this.count);
    copy.count = this.count;
    for (let i = 0; i < this.count; i++) {
      copy.#starts[i] -= first;
      copy.#ends[i] -= first;
    }
    return copy;
  }

  /** The words lie in another buffer now, all of them as far from where they were. */
  move(bytes: Buffer, distance: number): void {
    this.bytes = bytes;
    for (let i = 0; i < this.count; i++) {
      this.#starts[i] += distance;
      this.#ends[i] += distance;
    }
  }

  /** Gives back the room of a command with very many words. */
  shrink(): void {
    if (this.#starts.length <= 16 * FIRST_ROOM) return;
    this.#starts = new Int32Array(FIRST_ROOM);
    this.#ends = new Int32Array(FIRST_ROOM);
    this.count = 0;
  }

  #grow(): void {
    const room = Math.max(FIRST_ROOM, 2 * this.#starts.length);
    const starts = new Int32Array(room);
    const ends = new Int32Array(room);
    starts.set(this.#starts);
    ends.set(this.#ends);
    this.#starts = starts;
    this.#ends = ends;
  }
}
