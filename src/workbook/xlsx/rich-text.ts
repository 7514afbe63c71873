import { IngestError } from '../../errors.js';
import { malformed } from './zip.js';

/** In pieces a text could go on without end; a cell's own limit is told of where it is used. */
const MAX_TEXT_CHARACTERS = 1_048_576;

/** The characters of a text: of its `t` element, or of the one of each of its runs; phonetic runs are left out. */
export class RichText {
  text = '';
  private inText = false;
  private phonetic = 0;
  private hasRuns = false;
  private isTextDue = true;

  constructor(private readonly part: string) {}

  reset(): void {
    this.text = '';
    this.hasRuns = false;
    this.isTextDue = true;
  }

  open(name: string): void {
    if (name === 'rPh') this.phonetic += 1;
    else if (this.phonetic > 0) return;
    else if (name === 'r') this.openRun();
    else if (name === 't') this.openText();
  }

  close(name: string): void {
    if (name === 't') this.inText = false;
    else if (name === 'rPh') this.phonetic -= 1;
  }

  add(text: string): void {
    if (!this.inText || this.phonetic > 0) return;
    this.text += text;
    if (this.text.length > MAX_TEXT_CHARACTERS) throw new IngestError('too-large', `part ${this.part}: a text has more than ${MAX_TEXT_CHARACTERS} characters`);
  }

  private openRun(): void {
    if (!this.hasRuns && !this.isTextDue) throw this.doubled();
    this.hasRuns = true;
    this.isTextDue = true;
  }

  private openText(): void {
    if (!this.isTextDue) throw this.doubled();
    this.isTextDue = false;
    this.inText = true;
  }

  private doubled(): Error {
    return malformed(this.part, `has two texts where one is due, behind "${this.text.slice(0, 40)}"`);
  }
}

/** Characters that XML cannot hold are written `_x000D_`; an underscore that would look like that is `_x005F_`. */
export function unescaped(text: string): string {
  if (!text.includes('_x')) return text;
  return text.replace(/_x([0-9A-Fa-f]{4})_/gu, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
