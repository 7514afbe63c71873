import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WorkbookReader } from '../../../src/workbook/reader.js';
import { Folder } from '../books.js';
import { settings } from '../support.js';
import { HOSTILE_FILES } from './files.js';

/** The heap that a thread gets here: what would need more ends as `worker-lost` and fails its test. */
const HEAP_MIB = 150;

let folder: Folder;
let reader: WorkbookReader;
beforeAll(async () => {
  folder = await Folder.make();
  reader = new WorkbookReader({ threads: 1, heapMiB: HEAP_MIB });
});
afterAll(async () => {
  await reader.close();
  await folder.remove();
});

test.each(HOSTILE_FILES.map((file) => [`${file.name}: ${file.what}`, file] as const))('%s', async (_, file) => {
  const path = await folder.file(file.name, file.bytes());
  const reading = reader.read(path, settings({ stallSeconds: 20 }), async () => undefined);
  if ('reads' in file) expect(await reading).toMatchObject({ rows: file.reads, failed: 0 });
  else await expect(reading).rejects.toMatchObject({ name: 'IngestError', code: file.refused, retryable: false, message: expect.stringMatching(file.because) });
});
