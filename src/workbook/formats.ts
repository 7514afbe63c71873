/** Number formats, as far as they change what a number means to whoever sees it. */

const COLOURS_AND_LOCALES = /\[(?:black|blue|cyan|green|magenta|red|white|yellow|colou?r ?\d+|\$-[\da-f,]+)\]/giu;
const SPACING = /[_*]./gu;
const LITERALS = /"[^"]*"|\\.|\[[^\]]*\]|[_*]./gu;
/** Digits as they are: nothing before or behind them, no scaling (`0,`, `0%`), at most one leading zero. */
const PLAIN_DIGITS = /^(?:general|@|[#?,]*0?(?:\.[0#?]+)?(?:E\+0+)?)$/iu;

/** Whether a number in this format shows as a calendar date. */
export function showsDate(format: string | undefined): boolean {
  if (format === undefined) return false;
  const codes = format.replace(LITERALS, '').toLowerCase();
  return codes.includes('y') || (codes.includes('d') && codes.includes('m'));
}

/**
 * The text that a whole number stands for in this format: its digits in full, with the leading zeros of an all-zero
 * format such as `00000`. Undefined where the format shows anything else, such as `"CL-"000`, `0%` or a date.
 */
export function printedWhole(number: number, format: string | undefined): string | undefined {
  if (format === undefined) return String(number);
  const section = sectionFor(number, format).replace(COLOURS_AND_LOCALES, '').replace(SPACING, '');
  if (/^0+$/u.test(section)) return (number < 0 ? '-' : '') + String(Math.abs(number)).padStart(section.length, '0');
  const isPlain = section !== '' && PLAIN_DIGITS.test(section) && !/,(?:$|\.)/u.test(section);
  return isPlain ? String(number) : undefined;
}

/** A format has up to four sections: positive; negative; zero; text. */
function sectionFor(number: number, format: string): string {
  const sections = sectionsOf(format);
  if (number === 0) return sections.length > 2 ? sections[2]! : sections[0]!;
  if (number > 0 || sections.length < 2) return sections[0]!;
  // A section of its own has to spell out the sign.
  return sections[1]!.replace(/\\?[-()]|"[-()]"/gu, '');
}

function sectionsOf(format: string): string[] {
  const sections = [''];
  for (const [part] of format.matchAll(/"[^"]*"|\\.|\[[^\]]*\]|[^]/gu)) {
    if (part === ';') sections.push('');
    else sections[sections.length - 1] += part;
  }
  return sections;
}
