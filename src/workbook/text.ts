/** Text rules: what people see as the same text is the same text. */

// eslint-disable-next-line no-control-regex -- plain text that needs no cleaning is told by its range
const PLAIN = /^[!-~]+(?: [!-~]+)*$/u;
const EDGES = /^[\s\u00a0\u200b-\u200f\u2060\ufeff]+|[\s\u00a0\u200b-\u200f\u2060\ufeff]+$/gu;

/** NFC; trimmed, no-break spaces and zero-width characters at the ends too; inner white space folded to one space. */
export function cleanText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.normalize('NFC').replace(EDGES, '').replace(/[\s\u00a0]+/gu, ' ');
}

/** What headings and terms are compared by: compatibility forms, case and white space do not matter. */
export function folded(text: string): string {
  return cleanText(text.normalize('NFKC')).toLowerCase();
}
