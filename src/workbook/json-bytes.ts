/** JSON text while it grows: in bytes, so that what is bytes already is copied and nothing else. */
export class JsonBytes {
  /** In bytes. */
  length = 0;
  private bytes = Buffer.allocUnsafe(FIRST_BYTES);

  /** Adds JSON text. */
  add(text: string): void {
    this.makeRoom(text.length * MOST_BYTES);
    this.length += this.bytes.write(text, this.length);
  }

  addWhole(number: number): void {
    this.makeRoom(MOST_DIGITS);
    let digits = 1;
    for (let size = 10; size <= number; size *= 10) digits += 1;
    let rest = number;
    for (let at = this.length + digits - 1; at >= this.length; at -= 1) {
      this.bytes[at] = ZERO + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    this.length += digits;
  }

  addByte(code: number): void {
    this.makeRoom(1);
    this.bytes[this.length] = code;
    this.length += 1;
  }

  /** Adds bytes that are JSON text as they are. */
  addBytes(source: Uint8Array, start = 0, end = source.length): void {
    this.makeRoom(end - start);
    const { bytes } = this;
    let { length } = this;
    // By hand: most are some bytes, for which a call of the system's copy costs more.
    for (let at = start; at < end; at += 1, length += 1) bytes[length] = source[at]!;
    this.length = length;
  }

  /** A copy of the bytes between two places; without an end, of all behind the first. */
  copy(start: number, end = this.length): Uint8Array {
    return new Uint8Array(this.bytes.subarray(start, end));
  }

  /** Whether bytes lie at a place. */
  has(wanted: Uint8Array, start: number): boolean {
    if (start + wanted.length > this.length) return false;
    for (let at = 0; at < wanted.length; at += 1) {
      if (this.bytes[start + at] !== wanted[at]) return false;
    }
    return true;
  }

  /** Where the text or null ends that begins at a place. */
  endOfValue(start: number): number {
    if (this.bytes[start] !== QUOTE) return start + NULL_BYTES;
    let at = start + 1;
    while (this.bytes[at] !== QUOTE) at += this.bytes[at] === BACKSLASH ? 2 : 1;
    return at + 1;
  }

  /** The text between two places. */
  text(start: number, end: number): string {
    return this.bytes.toString('utf8', start, end);
  }

  /** Drops what came behind a length. */
  cutTo(length: number): void {
    this.length = length;
  }

  /** Gives the text, and begins anew. */
  take(): string {
    const text = this.text(0, this.length);
    this.length = 0;
    return text;
  }

  private makeRoom(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

const FIRST_BYTES = 65_536;
/** Of a UTF-16 unit in UTF-8. */
const MOST_BYTES = 3;
const MOST_DIGITS = 16;
const [ZERO, QUOTE, BACKSLASH] = [48, 34, 92] as const;
const NULL_BYTES = 4;
