import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Only libs/config reads the environment; the tools that start processes pass one on. */
const environment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Read the environment in libs/config only.',
};

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', '.nx/', '.pentaprism/', 'coverage/'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        performance: 'readonly',
        AbortSignal: 'readonly',
        AbortController: 'readonly',
      },
    },
    rules: {
      'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
      // Nest modules are classes without members.
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-syntax': ['error', environment],
    },
  },
  {
    // Times that are stored or compared with stored ones are those of `libs/domain/src/system-time.ts`.
    files: ['apps/**', 'libs/jobs/**', 'libs/dialects/**', 'libs/blob-store/**'],
    ignores: ['**/*.fixture.ts', '**/*.conformance.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        environment,
        {
          selector: "MemberExpression[object.name='Date'][property.name='now']",
          message: 'Use systemNow() for times, performance.now() for durations.',
        },
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Use systemDate().',
        },
      ],
    },
  },
  {
    files: ['libs/config/**', 'libs/testing/**', 'deploy/**', 'test/**', 'tools/**', '**/*.spec.ts', '*.mjs'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
