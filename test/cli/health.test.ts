import { expect, test } from '@jest/globals';
import { Program } from '../support/program.js';

test('health tells, on SQLite, of the daemon that ran last, and not of those whose names are of the past', async () => {
  const program = await Program.create();
  for (const name of ['container-1', 'container-2']) await (await program.daemon({ SCD_NODE: name })).stop();
  expect(await program.run(['health'], { SCD_NODE: 'container-2' })).toMatchObject({ code: 1, out: expect.stringMatching(/^container-2 \(pid .*\): .*\n$/u) });
  const daemon = await program.daemon({ SCD_NODE: 'container-3' });
  expect(await program.run(['health'])).toMatchObject({ code: 0, out: expect.stringMatching(/^container-3 \(pid .*\): scans and makes progress\n$/u) });
  expect(await daemon.stop()).toBe(0);
});
