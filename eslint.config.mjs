// The rules that matter here: dependencies point downwards only, and what lies below the adapters reaches neither
// clock, randomness, network nor disk by itself.
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

const layers = {
  model: [],
  contract: ['model', 'contract'],
  core: ['model', 'contract', 'core'],
  adapter: ['model', 'contract', 'core', 'adapter'],
  driver: ['model', 'contract', 'core', 'adapter'],
  server: ['model', 'contract', 'core', 'adapter', 'driver'],
  recipe: ['model', 'contract'],
  kit: ['model', 'contract', 'core', 'adapter', 'driver', 'server', 'recipe'],
  testing: ['model', 'contract', 'core', 'testing'],
  simulator: ['model', 'contract', 'core', 'adapter', 'driver', 'server', 'testing'],
  app: ['model', 'contract', 'core', 'adapter', 'driver', 'server', 'recipe', 'kit', 'testing'],
};

const pure = [
  'packages/model',
  'packages/contracts',
  'packages/jute',
  'packages/data-tree',
  'packages/session',
  'packages/request-pipeline',
  'packages/sasl',
  'packages/quorum',
  'packages/zab',
];

/** As pure, but people subscribe here: RxJS, without its clocks. */
const reactive = ['packages/client-api', 'packages/recipes'];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '**/generated/**',
      '.nx/**',
      'data/**',
      '.interop/**',
      '**/test/fixtures/**',
      '**/*.cjs',
    ],
  },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-empty': ['error', { allowEmptyCatch: false }],
      eqeqeq: ['error', 'always'],
      'prefer-const': 'error',
    },
  },
  {
    files: ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          banTransitiveDependencies: false,
          // The graph takes specs for sources, and those of client and server use the test kit, which is made of both.
          ignoredCircularDependencies: [
            ['testing', 'client'],
            ['testing', 'server'],
          ],
          depConstraints: Object.entries(layers).map(([layer, allowed]) => ({
            sourceTag: `layer:${layer}`,
            onlyDependOnLibsWithTags: allowed.map((name) => `layer:${name}`),
          })),
        },
      ],
    },
  },
  {
    files: ['packages/*/src/**/*.spec.ts', 'packages/*/test/**/*.ts', 'apps/*/src/**/*.spec.ts', 'apps/*/test/**/*.ts'],
    rules: { '@nx/enforce-module-boundaries': 'off' },
  },
  ...purity(pure, ['rxjs', 'rxjs/*']),
  ...purity(reactive, []),
);

/** Lint for packages that take time, chance, network and disk as inputs. */
function purity(folders, alsoBanned) {
  return [
    {
      files: folders.map((folder) => `${folder}/src/**/*.ts`),
      ignores: ['**/*.spec.ts'],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                group: ['node:*', 'fs', 'path', 'net', 'crypto', 'tsyringe', ...alsoBanned],
                message: 'Cores take what they need as inputs.',
              },
            ],
          },
        ],
        'no-restricted-globals': [
          'error',
          'Buffer',
          'process',
          'Date',
          'performance',
          'setTimeout',
          'setInterval',
          'setImmediate',
          'queueMicrotask',
          'fetch',
          'crypto',
          'console',
        ],
        'no-restricted-properties': [
          'error',
          { object: 'Math', property: 'random' },
          { object: 'AbortSignal', property: 'timeout' },
        ],
      },
    },
  ];
}
