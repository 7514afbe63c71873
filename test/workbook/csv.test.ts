import { Folder, readFileRows } from './books.js';
import { HEADINGS, settings } from './support.js';

let folder: Folder;
beforeAll(async () => { folder = await Folder.make(); });
afterAll(async () => folder.remove());

const HEAD = HEADINGS.join(',');
const ROW = '2024-01-31,CL-1,R-1,Acme,12.5,Cash';
const VALUES = ['2024-01-31', 'CL-1', 'R-1', 'Acme', 12.5, 'Cash'];
const read = async (bytes: Uint8Array | string, changes = {}): ReturnType<typeof readFileRows> => readFileRows(await folder.file('file.csv', bytes), changes);
const refusal = (code: string, message: RegExp): unknown => expect.objectContaining({ code, message: expect.stringMatching(message) as string });

function utf16be(text: string): Buffer {
  return Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(text, 'utf16le').swap16()]);
}

describe('a CSV file', () => {
  test('is UTF-8, with or without a byte order mark, or UTF-16 with one', async () => {
    const csv = `${HEAD}\n${ROW.replace('Acme', 'Müller 漢字')}\n`;
    for (const bytes of [csv, `\ufeff${csv}`, Buffer.from(`\ufeff${csv}`, 'utf16le'), utf16be(csv)]) {
      expect((await read(bytes)).rows[0]!.values).toEqual(VALUES.map((value) => (value === 'Acme' ? 'Müller 漢字' : value)));
    }
  });

  test('in any other encoding is refused', async () => {
    await expect(read(Buffer.from(`${HEAD}\n${ROW.replace('Acme', 'Müller')}\n`, 'latin1'))).rejects.toEqual(refusal('wrong-kind', /UTF-8/u));
    await expect(read(Buffer.concat([Buffer.from(`\ufeff${HEAD}`, 'utf16le'), Buffer.from([0x41])]))).rejects.toEqual(refusal('wrong-kind', /UTF-8/u));
  });

  test.each([[','], [';'], ['\t']])('may be delimited by %j: the one that makes the headings fit', async (delimiter) => {
    const csv = `Report\n${HEADINGS.join(delimiter)}\n${ROW.replaceAll(',', delimiter)}\n`;
    expect((await read(csv)).rows.map(({ row, values }) => [row, values])).toEqual([[3, VALUES]]);
  });

  test('may hold other delimiters within its cells', async () => {
    expect((await read(`${HEAD}\n${ROW.replace('Acme', 'A;B;C;D;E;F;G')}\n`)).rows[0]!.values[3]).toBe('A;B;C;D;E;F;G');
  });

  test('whose headings fit under no delimiter is refused with what was found', async () => {
    await expect(read('Effective Date;Client Account\n1;2\n')).rejects.toEqual(refusal('headings', /lacks the headings "External Reference".*found "Effective Date", "Client Account"/u));
  });

  test('has quotes by RFC 4180: delimiters, line breaks and doubled quotes within', async () => {
    const { rows } = await read(`${HEAD}\r\n"2024-01-31","CL-1","R-1","Acme, ""Best""\r\nLtd","12.5","Cash"\r\n${ROW}`);
    expect(rows.map(({ row, values }) => [row, values[3]])).toEqual([[2, 'Acme, "Best" Ltd'], [3, 'Acme']]);
  });

  test('takes a quote within a cell that has none around it as it is', async () => {
    expect((await read(`${HEAD}\n${ROW.replace('Acme', 'The "A" Co 5"')}\n`)).rows[0]!.values[3]).toBe('The "A" Co 5"');
  });

  test('with a quote that is never closed, or text behind a closing one, is refused', async () => {
    await expect(read(`${HEAD}\n${ROW}\n${ROW.replace('Acme', '"Acme')}\n${ROW}\n`)).rejects.toEqual(refusal('malformed', /row 3: a quote is opened and never closed/u));
    await expect(read(`${HEAD}\n${ROW.replace('Acme', '"Ac"me')}\n`)).rejects.toEqual(refusal('malformed', /row 2: text follows a closing quote/u));
  });

  test('numbers its rows by record, blank ones included, whatever ends its lines', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const { rows } = await read([HEAD, '', ROW, ',,,,,', ROW].join(end));
      expect(rows.map(({ row }) => row)).toEqual([3, 5]);
    }
  });

  test('has text in every cell: a number is read by the rules for text', async () => {
    const { rows } = await read(`${HEAD}\n45322,00042,7,12.50,"1,234",Cash\n`);
    expect(rows[0]!.values).toEqual([null, '00042', '7', '12.50', null, 'Cash']);
    expect(rows[0]!.error).toMatch(/Effective Date: expected a date YYYY-MM-DD, found "45322"; Amount: expected a number, found "1,234";/u);
  });

  test('whose amount holds a delimiter without quotes does not load a part of it', async () => {
    const { rows } = await read('Effective Date,Client Account,External Reference,Company Name,Term,Amount\n2024-01-31,CL-1,R-1,Acme,Cash,1,234\n');
    expect(rows[0]!.values).toEqual([null, null, null, null, null, null]);
    expect(rows[0]!.error).toMatch(/a cell that holds a separator needs quotes; row not loaded$/u);
  });

  test('may end its rows before the last empty cells, or behind them', async () => {
    const head = 'Effective Date,Client Account,External Reference,Company Name,Term,Amount,Notes';
    const { rows } = await read(`${head}\n2024-01-31,CL-1,R-1,Acme,Cash\n2024-01-31,CL-1,R-2,Acme,Cash,5,,,,\n`);
    expect(rows.map(({ error, values }) => [error, values[4]])).toEqual([[null, null], [null, 5]]);
  });

  test('is its only sheet, whatever sheet the settings name', async () => {
    expect((await read(`${HEAD}\n${ROW}\n`, { sheet: 'Data' })).summary).toEqual({ kind: 'CSV file', sheet: 'CSV', rows: 1, failed: 0, notices: [] });
  });

  test('keeps to the limits for rows, columns and cells', async () => {
    const limits = (changes: object): object => ({ limits: { ...settings().limits, ...changes } });
    await expect(read(`${HEAD}\n${ROW}\n${ROW}\n`, limits({ rows: 2 }))).rejects.toEqual(refusal('too-large', /more than the 2 rows/u));
    await expect(read(`${HEAD}\n${ROW}\n`, limits({ columns: 5 }))).rejects.toEqual(refusal('too-large', /more than the 5 columns/u));
    await expect(read(`${HEAD}\n${ROW.replace('Acme', 'x'.repeat(40))}\n`, limits({ cellCharacters: 39 }))).rejects.toEqual(refusal('too-large', /more than the 39 characters/u));
  });
});
