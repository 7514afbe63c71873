import type { Cell } from './cell.js';

/** What is wrong with a cell: `expected a number, found "n/a"`. */
export class Problem {
  constructor(readonly what: string) {}
}

const SHOWN_CHARACTERS = 60;

/** A cell as a message shows it. */
export function found(cell: Cell): string {
  switch (cell.type) {
    case 'error': return `found the error ${cell.text}`;
    case 'uncalculated': return 'found a formula that was never calculated: open the workbook, let it calculate, save it';
    case 'boolean': return `found the logical value ${cell.text}`;
    case 'date': return `found the date ${cell.text}`;
    case 'number': return `found ${cell.text}`;
    default: return cell.text === '' ? 'found an empty cell' : `found ${JSON.stringify(shortened(cell.text))}`;
  }
}

/** A text short enough for a message. */
export function shortened(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
