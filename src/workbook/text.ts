/** Text rules: what people see as the same text is the same text. */

/** Plain text in no need of cleaning: nearly all there is, told by its range. */
const PLAIN = /^[!-~]+(?: [!-~]+)*$/u;
/** What does not show at the ends of a text: white space, soft hyphen, zero-width characters and direction marks. */
const UNSEEN = /[\p{White_Space}\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;
const UNPRINTABLE = /[\p{Cc}\p{Cs}\ufffe\uffff]/u;

/** NFC; trimmed of everything that does not show; inner white space folded to one space. */
export function cleanText(text: string): string {
  if (PLAIN.test(text)) return text;
  return trimmed(text.normalize('NFC')).replace(/\p{White_Space}+/gu, ' ');
}

/** What headings and terms are compared by: compatibility forms, case and white space do not matter. */
export function folded(text: string): string {
  // Upper case first: ß and SS, and the two small sigmas, are the same word.
  return cleanText(cleanText(text).normalize('NFKC')).toUpperCase().toLowerCase();
}

/** The first character of a clean text that neither shows nor can be written into a workbook; undefined where all can. */
export function unprintable(text: string): string | undefined {
  return PLAIN.test(text) ? undefined : UNPRINTABLE.exec(text)?.[0];
}

/** By hand: an expression for the end of a text takes quadratic time on a text of spaces. */
function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && UNSEEN.test(text[start]!)) start += 1;
  while (start < end && UNSEEN.test(text[end - 1]!)) end -= 1;
  return text.slice(start, end);
}
