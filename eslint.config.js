import js from '@eslint/js';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/** What a folder may not import, each with the sentence that explains it. */
const boundaries = {
  history: [
    [['node:*', '**/store/*', '**/ingest/*', '**/inbox/*', '**/workbook/*', '**/service/*', '**/cli/*', '**/template.js', '**/clock.js', '**/log.js', '**/config/*'],
      'history/ is the rules: pure functions over values, without I/O, SQL, the clock or the template.'],
  ],
  inbox: [
    [['**/store/*', '**/ingest/*', '**/workbook/*', '**/history/*', '**/service/*', '**/cli/*', '**/log.js', 'typeorm'],
      'inbox/ knows paths and bytes; rows and SQL are for others.'],
  ],
  workbook: [
    [['**/store/*', '**/ingest/*', '**/inbox/*', '**/history/*', '**/service/*', '**/cli/*', '**/log.js', 'typeorm'],
      'workbook/ turns bytes into rows; it knows neither SQL nor where files lie.'],
  ],
  store: [
    [['**/ingest/*', '**/inbox/*', '**/workbook/*', '**/service/*', '**/cli/*', '**/log.js'],
      'store/ is the only folder with SQL; it knows neither files nor cells, and nobody above it.'],
  ],
  ingest: [[['**/service/*', '**/cli/*', 'typeorm', 'sqlite3'], 'ingest/ is the flow of a file; SQL is in store/, and nobody above it is known.']],
  service: [[['**/cli/*', 'typeorm', 'sqlite3'], 'service/ starts and stops; SQL is in store/, and the command line is above it.']],
  cli: [[['typeorm', 'sqlite3'], 'cli/ asks store/; SQL is only there.']],
};

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'node_modules/', 'data/', '.cache/'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      globals: globals.node,
      parserOptions: { projectService: { allowDefaultProject: ['*.js'] }, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/only-throw-error': 'off',
      'no-control-regex': 'off',
      'no-misleading-character-class': 'off',
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
    },
  },
  ...Object.entries(boundaries).map(([folder, rules]) => ({
    files: [`src/${folder}/**/*.ts`],
    rules: { 'no-restricted-imports': ['error', { patterns: rules.map(([group, message]) => ({ group, message })) }] },
  })),
  {
    files: ['test/**/*.{ts,js}'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off', '@typescript-eslint/no-unsafe-call': 'off', '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  { files: ['*.js'], ...tseslint.configs.disableTypeChecked },
);
