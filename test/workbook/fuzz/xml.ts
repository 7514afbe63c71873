/** XML as a tree, and the many ways to write the same tree down. */

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (Element | string)[];
}

/** How somebody writes XML; every hand says the same. */
export interface Hand {
  readonly quote: '"' | '\'';
  /** The prefix of element names, for parts whose namespace may have one. */
  readonly prefix: '' | 'x:';
  /** White space wherever a tag may hold it, and between elements. */
  readonly spaced: boolean;
  /** Comments and instructions that hold what looks like cells. */
  readonly asides: boolean;
  readonly cdata: boolean;
  /** Characters by their numbers. */
  readonly references: boolean;
  /** `<c></c>` for `<c/>`. */
  readonly opensEmpty: boolean;
  readonly encoding: 'utf8' | 'utf8-mark' | 'utf16le' | 'utf16be';
}

/** How Excel writes. */
export const PLAIN: Hand = { quote: '"', prefix: '', spaced: false, asides: false, cdata: false, references: false, opensEmpty: false, encoding: 'utf8' };

export function element(name: string, attributes: Readonly<Record<string, string | undefined>> = {}, ...children: (Element | string)[]): Element {
  const given = Object.entries(attributes).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { name, attributes: Object.fromEntries(given), children };
}

/** The bytes of a part, as a hand writes it. */
export function written(root: Element, hand: Hand): Buffer {
  const text = `<?xml version="1.0"${hand.encoding.startsWith('utf8') ? ' encoding="UTF-8"' : ''}?>${hand.spaced ? '\r\n' : ''}${asXml(root, hand)}`;
  return encoded(text, hand.encoding);
}

/** Text in one of the encodings that workbooks come in. */
export function encoded(text: string, encoding: Hand['encoding']): Buffer {
  switch (encoding) {
    case 'utf8': return Buffer.from(text);
    case 'utf8-mark': return Buffer.from(`\ufeff${text}`);
    case 'utf16le': return Buffer.from(`\ufeff${text}`, 'utf16le');
    case 'utf16be': return Buffer.from(`\ufeff${text}`, 'utf16le').swap16();
  }
}

function asXml({ name, attributes, children }: Element, hand: Hand): string {
  const tag = hand.prefix + name;
  const gap = hand.spaced ? ' \n ' : ' ';
  const end = hand.spaced ? ' ' : '';
  const pairs = Object.entries(attributes).map(([key, value]) => `${gap}${key}${end}=${end}${hand.quote}${escaped(value, hand, true)}${hand.quote}`).join('');
  if (children.length === 0 && !hand.opensEmpty) return `<${tag}${pairs}${end}/>${between(hand)}`;
  const isText = children.some((child) => typeof child === 'string');
  const inner = children.map((child) => (typeof child === 'string' ? textIn(child, hand) : asXml(child, hand))).join('');
  return `<${tag}${pairs}${end}>${isText ? '' : between(hand)}${inner}</${tag}${end}>${between(hand)}`;
}

const ASIDE = '<!-- <row r="1"><c r="A1" t="s"><v>0</v></c></row> > --><?aside <c r="B1"><v>1</v></c> ?>';

function between({ spaced, asides }: Hand): string {
  return (spaced ? '\n  ' : '') + (asides ? ASIDE : '');
}

function textIn(text: string, hand: Hand): string {
  const aside = hand.asides ? '<!-- <v>9</v> -->' : '';
  if (!hand.cdata || /\]\]>|\r/u.test(text)) return aside + escaped(text, hand, false);
  const signs = Array.from(text);
  const half = Math.floor(signs.length / 2);
  return `${escaped(signs.slice(0, half).join(''), hand, false)}${aside}<![CDATA[${signs.slice(half).join('')}]]>`;
}

const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&apos;' };

function escaped(text: string, { references }: Hand, inAttribute: boolean): string {
  const number = (sign: string): string => `&#${sign.codePointAt(0)!};`;
  if (references) return text.replace(/[^a-z]/gu, (sign) => (sign.codePointAt(0)! % 2 === 0 ? number(sign) : `&#x${sign.codePointAt(0)!.toString(16)};`));
  return text.replace(inAttribute ? /[&<>"'\t\r\n]/gu : /[&<>\r]/gu, (sign) => NAMED[sign] ?? number(sign));
}
