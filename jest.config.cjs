// One configuration for every project; `nx test <project>` runs it with that project's folder as the root.
const path = require('node:path');

/** @type {import('jest').Config} */
module.exports = {
  rootDir: process.env.ZK_TEST_ROOT ? path.resolve(__dirname, process.env.ZK_TEST_ROOT) : __dirname,
  testEnvironment: 'node',
  // Generous: a loaded machine is no reason to fail, and nothing waits for it when all is well.
  testTimeout: 60_000,
  testMatch: ['**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
  moduleNameMapper: {
    '^@zk/([^/]+)$': `${__dirname}/packages/$1/src/index.ts`,
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true },
        },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
};
