/** Tests are ES modules in TypeScript; types are checked by `npm run typecheck`, not once more per test file. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: 'tsconfig.json', diagnostics: false }],
  },
  globalSetup: '<rootDir>/test/support/setup.js',
  globalTeardown: '<rootDir>/test/support/teardown.js',
  // For whoever waits for something that never comes: a loaded machine of two cores takes its time.
  testTimeout: 300_000,
  // Tests wait for processes and disks more than they compute: every core gets one.
  maxWorkers: '100%',
};
