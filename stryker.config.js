/**
 * Mutation testing: `SCD_MUTATE=zip npm run mutation`, one area after the other. Only tests that run the sources
 * themselves count: threads and programs run what was built.
 */
const AREAS = {
  history: { mutate: ['src/history/*.ts', '!src/history/draw.ts'], tests: ['test/history/*.property.test.ts', 'test/history/fraction.test.ts', 'test/history/health.test.ts', 'test/history/sample.test.ts'] },
  recovery: {
    mutate: ['src/ingest/recover.ts', 'src/ingest/ingest.ts', 'src/ingest/open.ts', 'src/ingest/finish.ts'],
    tests: ['test/ingest/{recover,report,example,flow}.test.ts'],
  },
  claim: { mutate: ['src/inbox/claim.ts', 'src/inbox/release.ts'], tests: ['test/inbox/claim.test.ts'] },
  zip: { mutate: ['src/workbook/xlsx/zip.ts'], tests: ['test/workbook/xlsx/*.test.ts'] },
};
const area = process.env.SCD_MUTATE ?? 'zip';
const { mutate, tests } = AREAS[area];
// Many short runs find what few long ones do; the properties have to be quick here.
process.env.SCD_PROPERTY_RUNS ??= '100';

export default {
  mutate: process.env.SCD_MUTATE_FILES?.split(',') ?? mutate,
  plugins: ['@stryker-mutator/jest-runner'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: { configFile: 'jest.config.js', config: { testMatch: tests.map((pattern) => `<rootDir>/${pattern}`) }, enableFindRelatedTests: false },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  ignoreStatic: true,
  ignorePatterns: ['/data', '/.cache', '/inbox', '/archive', '/bench', '/coverage'],
  tempDirName: '.cache/stryker',
  incremental: false,
  reporters: ['clear-text', 'progress-append-only', 'json'],
  jsonReporter: { fileName: `.cache/mutation-${area}.json` },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
};
