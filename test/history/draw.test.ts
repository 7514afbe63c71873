import { expect, test } from '@jest/globals';
import { drawChain } from '../../src/history/draw.js';

test('a chain is drawn a line for each version, silences and missing items told apart', () => {
  const version = { isPlaceholder: false, isMissing: false };
  expect(drawChain('CL-9 / x', [
    { ...version, from: '2022-01-28', to: '2022-02-28', tracked: [230000, 'Cash'] },
    { ...version, from: '2022-02-28', to: '2022-04-28', tracked: [null, 'N/A'], isPlaceholder: true },
    { ...version, from: '2022-04-28', to: null, tracked: [0, '30 Days'], isMissing: true },
  ])).toBe([
    'CL-9 / x',
    '  2022-01-28 ── 2022-02-28    230000  Cash',
    '  2022-02-28 ┄┄ 2022-04-28         ?        ?  silent: nothing was submitted',
    '  2022-04-28 ──▶                   0  30 Days  missing from the submission',
  ].join('\n'));
});
