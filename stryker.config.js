/**
 * Mutation testing: `SCD_MUTATE=zip npm run mutation`, one area after the other. Only tests that run the sources
 * themselves count: threads and programs run what was built. An area has the tests of its own files alone, so that a
 * mutant takes a second, and on SQLite alone.
 */
const AREAS = {
  history: { mutate: ['src/history/*.ts', '!src/history/draw.ts'], tests: ['test/history/*.test.ts'], runs: 1_500 },
  recovery: {
    mutate: ['src/ingest/{recover,ingest,open,finish,attempts,at-once}.ts'],
    tests: ['test/ingest/{ingest,unfinished,attempts,finish,at-once}.test.ts'],
  },
  claim: { mutate: ['src/inbox/{claim,release,place}.ts'], tests: ['test/inbox/{claim,release,place}.test.ts'] },
  move: { mutate: ['src/inbox/{move,copy,files,archive}.ts', 'src/sync.ts'], tests: ['test/inbox/{move,archive,files,claim,release}.test.ts'] },
  zip: { mutate: ['src/workbook/xlsx/zip.ts'], tests: ['test/workbook/xlsx/zip.test.ts'] },
};
const area = process.env.SCD_MUTATE ?? 'zip';
const { mutate, tests, runs = 100 } = AREAS[area];
process.env.SCD_TEST_ENGINE = 'SQLite';
// The properties have to be quick here; what a window leaves open shows in few of their runs, which are quick by themselves.
process.env.SCD_PROPERTY_RUNS ??= String(runs);

/** The names of fail points are held against the source by test/service/failpoints.test.ts, on the real program. */
export const strykerPlugins = [{
  kind: 'Ignore',
  name: 'failpoint',
  value: { shouldIgnore: ({ node }) => (node.type === 'CallExpression' && node.callee.name === 'failpoint' ? 'a fail point' : undefined) },
}];

export default {
  mutate: process.env.SCD_MUTATE_FILES?.split(',') ?? mutate,
  plugins: ['@stryker-mutator/jest-runner', './stryker.config.js'],
  ignorers: ['failpoint'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: {
    configFile: 'jest.config.js',
    // What waits for ever fails at its test's end, not at Stryker's much later one.
    config: {
      testMatch: tests.map((pattern) => `<rootDir>/${pattern}`), testTimeout: 30_000, globalSetup: null, globalTeardown: null,
    },
    enableFindRelatedTests: false,
  },
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
