import { Folder, readFileRows } from '../books.js';
import { HEADINGS, settings } from '../support.js';
import { ZipWriter } from '../../../src/workbook/write/zip.js';
import { join } from 'node:path';

let folder: Folder;
beforeAll(async () => { folder = await Folder.make(); });
afterAll(async () => folder.remove());

const NAMES = ['office', 'table', 'text', 'style'].map((name) => `xmlns:${name}="urn:oasis:names:tc:opendocument:xmlns:${name}:1.0"`).join(' ')
  + ' xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0" xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"';

const str = (text: string): string => `<table:table-cell office:value-type="string"><text:p>${text}</text:p></table:table-cell>`;
const num = (value: string, more = ''): string => `<table:table-cell office:value-type="float" office:value="${value}"${more}><text:p>shown</text:p></table:table-cell>`;
const row = (cells: readonly string[], more = ''): string => `<table:table-row${more}>${cells.join('')}</table:table-row>`;
const HEAD = row(HEADINGS.map(str));
const cells = (changes: Record<number, string> = {}): string[] => ['2024-01-31', 'CL-1', 'R-1', 'Acme', '', 'Cash'].map((text, index) => changes[index] ?? (index === 4 ? num('12.5') : str(text)));

interface Book { readonly styles?: string; readonly before?: string; readonly table?: string; readonly rest?: string; readonly manifest?: string; readonly names?: string }

async function read(rows: string, { styles = '', before = '', table = '', rest = '', manifest = '<manifest/>', names = NAMES }: Book = {}, changes = {}): ReturnType<typeof readFileRows> {
  const path = join(folder.path, 'book.ods');
  const zip = await ZipWriter.create(path);
  await zip.add('mimetype', ['application/vnd.oasis.opendocument.spreadsheet']);
  await zip.add('META-INF/manifest.xml', [manifest]);
  await zip.add('content.xml', [`<office:document-content ${names}><office:automatic-styles>${styles}</office:automatic-styles><office:body><office:spreadsheet>${before}`
    + `<table:table table:name="Data"${table}>${rows}</table:table>${rest}</office:spreadsheet></office:body></office:document-content>`]);
  await zip.finish();
  await zip.close();
  return readFileRows(path, changes);
}

const refusal = (code: string, message: RegExp): unknown => expect.objectContaining({ code, message: expect.stringMatching(message) as string });

describe('an .ods workbook', () => {
  test('has its values in attributes, whether a paragraph shows them or not', async () => {
    const { rows } = await read(HEAD + row(cells({ 0: '<table:table-cell office:value-type="date" office:date-value="2024-01-31"/>', 4: '<table:table-cell office:value-type="float" office:value="7.25"/>' })));
    expect(rows[0]!.values).toEqual(['2024-01-31', 'CL-1', 'R-1', 'Acme', 7.25, 'Cash']);
  });

  test('fails formulas without a value, errors, logical values and times of day', async () => {
    const { rows } = await read(HEAD
      + row(cells({ 4: '<table:table-cell table:formula="of:=1+1"/>' }))
      + row(cells({ 4: '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>' }))
      + row(cells({ 3: '<table:table-cell office:value-type="boolean" office:boolean-value="true"><text:p>TRUE</text:p></table:table-cell>' }))
      + row(cells({ 0: '<table:table-cell office:value-type="date" office:date-value="2024-01-31T10:00:00"/>' })));
    expect(rows.map(({ error }) => error!.replace(/^.*?, /u, ''))).toEqual([
      'Amount: expected a number, found a formula that was never calculated: open the workbook, let it calculate, save it; row not loaded',
      'Amount: expected a number, found the error #DIV/0!; row not loaded',
      'Company Name: expected text, found the logical value TRUE; row not loaded',
      'Effective Date: expected a date YYYY-MM-DD, found the date 2024-01-31T10:00:00; row not loaded',
    ]);
  });

  test('counts a formula by its value, an empty string is empty', async () => {
    const { rows } = await read(HEAD + row(cells({ 4: '<table:table-cell table:formula="of:=&quot;&quot;" office:value-type="string" office:string-value=""><text:p/></table:table-cell>' })));
    expect(rows[0]!.values[4]).toBeNull();
    expect(rows[0]!.error).toBeNull();
  });

  test('has the text of its paragraphs, spans, spaces and breaks, without comments', async () => {
    const company = '<table:table-cell office:value-type="string"><office:annotation><text:p>a comment</text:p></office:annotation>'
      + '<text:p>A<text:s text:c="3"/>&amp;<text:span> B</text:span><text:line-break/>C</text:p><text:p>D</text:p></table:table-cell>';
    expect((await read(HEAD + row(cells({ 3: company })))).rows[0]!.values[3]).toBe('A & B C D');
  });

  test('repeats cells and rows as often as it says', async () => {
    const twice = '<table:table-cell office:value-type="string" table:number-columns-repeated="2"><text:p>X</text:p></table:table-cell>';
    const { rows } = await read(`${HEAD}${row(['<table:table-cell table:number-columns-repeated="6"/>'], ' table:number-rows-repeated="5"')}`
      + row([str('2024-01-31'), twice, str('Acme'), num('1'), str('Cash')], ' table:number-rows-repeated="3"') + row(['<table:table-cell table:number-columns-repeated="16384"/>'], ' table:number-rows-repeated="1048560"'));
    expect(rows.map(({ row: number, values }) => [number, values[1], values[2]])).toEqual([[7, 'X', 'X'], [8, 'X', 'X'], [9, 'X', 'X']]);
  });

  test('that repeats rows or cells past the limits is refused', async () => {
    await expect(read(HEAD + row(cells(), ' table:number-rows-repeated="1048576"'))).rejects.toEqual(refusal('too-large', /rows allowed/u));
    await expect(read(HEAD + row(['<table:table-cell office:value-type="string" table:number-columns-repeated="99999999"><text:p>X</text:p></table:table-cell>']))).rejects.toEqual(refusal('too-large', /columns allowed/u));
    await expect(read(HEAD + row(cells(), ' table:number-rows-repeated="1e9"'))).rejects.toEqual(refusal('malformed', /count/u));
    await expect(read(HEAD + row(cells({ 3: str('x'.repeat(40)) })), {}, { limits: { ...settings().limits, cellCharacters: 39 } })).rejects.toEqual(refusal('too-large', /39 characters/u));
  });

  test('has the value of merged cells in the first only', async () => {
    const { rows } = await read(HEAD + row(cells({ 3: '<table:table-cell office:value-type="string" table:number-columns-spanned="2"><text:p>Acme</text:p></table:table-cell>', 4: '<table:covered-table-cell office:value-type="float" office:value="5"><text:p>5</text:p></table:covered-table-cell>' })));
    expect(rows[0]!.values).toEqual(['2024-01-31', 'CL-1', 'R-1', 'Acme', null, 'Cash']);
  });

  const zeros = '<number:number-style style:name="N1"><number:number number:min-integer-digits="5"/></number:number-style>'
    + '<style:style style:name="ce1" style:family="table-cell" style:data-style-name="N1"/><style:style style:name="ce2" style:family="table-cell" style:parent-style-name="ce1"/>';

  test('has the leading zeros of a cell’s style, of its parent, of its row’s or its column’s default', async () => {
    const columns = '<table:table-column/><table:table-column table:default-cell-style-name="ce1"/><table:table-column table:number-columns-repeated="4"/>';
    const { rows } = await read(columns + HEAD + row(cells({ 1: num('42') })) + row(cells({ 2: num('42', ' table:style-name="ce2"') })) + row(cells({ 2: num('42') }), ' table:default-cell-style-name="ce1"'), { styles: zeros });
    expect(rows.map(({ values }) => [values[1], values[2]])).toEqual([['00042', 'R-1'], ['CL-1', '00042'], ['CL-1', '00042']]);
  });

  test('fails identifiers that its formats show with literals or as dates', async () => {
    const styles = '<number:number-style style:name="N2"><number:text>CL-</number:text><number:number number:min-integer-digits="3"/></number:number-style>'
      + '<number:date-style style:name="N3"><number:year/><number:month/><number:day/></number:date-style>'
      + '<number:percentage-style style:name="N4"><number:number number:min-integer-digits="1"/><number:text>%</number:text></number:percentage-style>'
      + [2, 3, 4].map((index) => `<style:style style:name="ce${index}" style:family="table-cell" style:data-style-name="N${index}"/>`).join('');
    const { rows } = await read(HEAD + [2, 3, 4].map((index) => row(cells({ 1: num('42', ` table:style-name="ce${index}"`) }))).join(''), { styles });
    expect(rows.map(({ column }) => column)).toEqual(['Client Account', 'Client Account', 'Client Account']);
  });

  test('reads formats with a section for negative numbers by the one that applies', async () => {
    const styles = '<number:number-style style:name="N5P0"><number:number number:min-integer-digits="4"/></number:number-style>'
      + '<number:number-style style:name="N5"><number:text>-</number:text><number:number number:min-integer-digits="4"/><style:map style:condition="value()&gt;=0" style:apply-style-name="N5P0"/></number:number-style>'
      + '<style:style style:name="ce5" style:family="table-cell" style:data-style-name="N5"/>';
    expect((await read(HEAD + row(cells({ 1: num('42', ' table:style-name="ce5"') })), { styles })).rows[0]!.values[1]).toBe('0042');
  });

  test('has hidden sheets and hidden or filtered rows', async () => {
    const styles = '<style:style style:name="ta1" style:family="table"><style:table-properties table:display="false"/></style:style>';
    const second = `<table:table table:name="Second">${HEAD}${row(cells(), ' table:visibility="filter"')}</table:table>`;
    const { summary } = await read(HEAD + row(cells()), { styles, table: ' table:style-name="ta1"', rest: second });
    expect([summary.sheet, summary.notices]).toEqual(['Second', ['1 hidden row counts like the others']]);
  });

  test('counts serial numbers from the date that it names', async () => {
    const nullDate = (date: string): Book => ({ before: `<table:calculation-settings><table:null-date table:date-value="${date}"/></table:calculation-settings>` });
    expect((await read(HEAD + row(cells({ 0: num('43860') })), nullDate('1904-01-01'))).rows[0]!.values[0]).toBe('2024-01-31');
    await expect(read(HEAD + row(cells()), nullDate('1900-01-01'))).rejects.toEqual(refusal('malformed', /counts its dates from 1900-01-01/u));
  });

  test('that is encrypted, declares entities, or names its elements otherwise is refused', async () => {
    await expect(read(HEAD, { manifest: '<manifest><encryption-data/></manifest>' })).rejects.toEqual(refusal('password-protected', /without a password/u));
    await expect(read(HEAD, { names: NAMES.replace('xmlns:table=', 'xmlns:other=') })).rejects.toEqual(refusal('malformed', /unusual/u));
    await expect(read(`${HEAD}<table:table-row>`)).rejects.toEqual(refusal('malformed', /well-formed|cut off/u));
    await expect(read(HEAD + row(cells({ 4: num('12,5') })))).rejects.toEqual(refusal('malformed', /where a number is due/u));
  });

  test('names the sheets that have the headings', async () => {
    await expect(read(row([str('x')]), { rest: `<table:table table:name="Other">${HEAD}</table:table>` })).rejects.toEqual(refusal('headings', /sheets that have them all: "Other"/u));
  });
});
