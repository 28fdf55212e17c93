// Rules for TypeScript and for the plain scripts. Formatting is prettier's; see `npm run lint` and `npm run lint:fix`.
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const node = Object.fromEntries(
  [
    'console',
    'process',
    'performance',
    'URL',
    'Buffer',
    'setTimeout',
    'clearTimeout',
    'setImmediate',
    'AbortController',
    'AbortSignal',
    'fetch',
  ].map((name) => [name, 'readonly']),
);

export default tseslint.config(
  { ignores: ['dist/', 'build/', 'cmake-build/', 'node_modules/', 'coverage/', '.cache/', 'prebuilds/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: { ...node, require: 'readonly', module: 'writable', __dirname: 'readonly' } },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // `as` hides mistakes; it belongs where unchecked values enter (see the last block). `as const` is allowed.
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidOperator: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      // Style that this project leaves to the writer.
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/class-literal-property-style': 'off',
      '@typescript-eslint/no-misused-spread': 'off', // [...text] is how code points are counted
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/prefer-function-type': 'off', // an interface with one method can be documented and extended
      '@typescript-eslint/no-unnecessary-type-parameters': 'off', // branded units need them
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      // process.env['X'] is what noPropertyAccessFromIndexSignature asks for.
      '@typescript-eslint/dot-notation': 'off',
      'no-control-regex': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Name what you export.' },
      ],
    },
  },
  {
    // Waiting and telling the time go through a Clock (lib/host.ts), so that tests can move it by hand.
    files: ['lib/**/*.ts'],
    ignores: ['lib/host.ts', 'lib/exec.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['setTimeout', 'setInterval'].map((name) => ({ name, message: 'Take a Clock (lib/host.ts).' })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Take a Clock (lib/host.ts).' },
      ],
    },
  },
  {
    // The command line and the lab's programs print: that is what they are for.
    files: ['lib/cli/**/*.ts', 'bench/**/*.ts', 'test/vm/run.ts', 'test/demo/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      // node:test's test() and describe() return promises that the runner awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'describe', 'it', 'suite'] },
          ],
        },
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      // assert.equal() narrows what it compares, and the next comparison then looks needless.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // Where values of unknown shape come in and are given a type.
    files: [
      'bench/measures/lvs.ts',
      'bindings/**/*.ts',
      'lib/units.ts',
      'lib/config/schema/**/*.ts',
      'lib/config/decode.ts',
      'lib/daemon/half-file.ts',
      'lib/daemon/handover.ts',
      'lib/daemon/protocol.ts',
      'lib/daemon/reload-result.ts',
    ],
    rules: { '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'as' }] },
  },
);
