/** The name of a column as spreadsheets show it: A to Z, AA, AB … `index` counts from 0. */
export function columnName(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : columnName(Math.floor(index / 26) - 1) + last;
}
