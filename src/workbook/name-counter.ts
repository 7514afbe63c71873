import type { Named } from '../named.js';
import { TEMPLATE } from '../template.js';
import type { JsonBytes } from './json-bytes.js';

/**
 * Counts what rows name while their JSON text is written. Most name what the row above does, which their bytes tell:
 * asked of the database when all of them are there it takes a twentieth of a large file's time.
 */
export class NameCounter {
  private readonly counts = new Map<string, Count>();
  private latest: { readonly values: Uint8Array; readonly count: Count } | undefined;

  /** Counts a row whose values begin at a place of the text. */
  add(json: JsonBytes, start: number, isFailed: boolean): void {
    if (this.latest === undefined || !json.has(this.latest.values, start)) this.latest = this.lookUp(json, start);
    const { values, count } = this.latest;
    count.total += 1;
    if (isFailed) count.failed += 1;
    if (!json.has(NULL, start + values.length)) count.items += 1;
  }

  /** Gives what was counted, in the order in which it was named first, and begins anew. */
  take(): Named[] {
    const named = [...this.counts.values()];
    this.counts.clear();
    this.latest = undefined;
    return named;
  }

  private lookUp(json: JsonBytes, start: number): { values: Uint8Array; count: Count } {
    let end = start;
    for (let value = 0; value < REFERENCE; value += 1) end = json.endOfValue(end) + 1;
    const key = json.text(start, end);
    const count = this.counts.get(key) ?? countOf(JSON.parse(`[${key.slice(0, -1)}]`) as (string | null)[]);
    this.counts.set(key, count);
    return { values: json.copy(start, end), count };
  }
}

type Count = { -readonly [Name in keyof Named]: Named[Name] };

function countOf(values: readonly (string | null)[]): Count {
  return { account: values[ACCOUNT]!, date: values[DATE]!, total: 0, failed: 0, items: 0 };
}

const placeOf = (wanted: string): number => TEMPLATE.findIndex(({ role }) => role === wanted);
const [DATE, ACCOUNT, REFERENCE] = [placeOf('effectiveDate'), placeOf('account'), placeOf('reference')];
if (Math.max(DATE, ACCOUNT) + 1 !== REFERENCE) throw new Error('the template: expected the reference right behind the account and the date');
const NULL = Buffer.from('null');
