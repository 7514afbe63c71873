import { expect, test } from '@jest/globals';
import { JsonBytes } from '../../src/workbook/json-bytes.js';

test('JSON text is made of texts, numbers and bytes, whatever its length, and begins anew when it is taken', () => {
  const json = new JsonBytes();
  json.add('[');
  for (const number of [0, 9, 10, 99, 100, 1_048_576]) {
    json.addWhole(number);
    json.addByte(44);
  }
  json.add('"Ünï 😀"');
  json.addBytes(Buffer.from('x,"a"]y'), 1, 6);
  expect(json.take()).toBe('[0,9,10,99,100,1048576,"Ünï 😀","a"]');
  const long = JSON.stringify('é'.repeat(100_000));
  json.add(long);
  json.addBytes(Buffer.from(long));
  expect(json.take()).toBe(long + long);
  expect(json.take()).toBe('');
});

test('what is cut off is gone, and a copy of it stays what it was', () => {
  const json = new JsonBytes();
  json.add('[1');
  const start = json.length;
  json.add(',"a"');
  const copy = json.copy(start);
  json.cutTo(start);
  json.add(',2]');
  expect([json.take(), Buffer.from(copy).toString()]).toEqual(['[1,2]', ',"a"']);
});
