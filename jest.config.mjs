/** Native ES modules: dev/test.mjs runs jest with --experimental-vm-modules. */
const everywhere = {
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: {
    '\\.tsx?$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', tsx: true },
          target: 'es2023',
          transform: { react: { runtime: 'automatic' } },
        },
      },
    ],
  },
  testEnvironment: 'node',
  // Workspaces import each other through "exports"; tests read the sources, not what was last built.
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  setupFiles: ['<rootDir>/dev/src/jest-property-seed.ts'],
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/.data/', '<rootDir>/.cache/'],
};

/** Runs alone: its promises have deadlines. */
const faults = 'tests/faults.integration.test.ts';

export default {
  // Real servers on a busy machine: tests wait for conditions, this only bounds the wait.
  testTimeout: 30_000,
  projects: [
    {
      ...everywhere,
      displayName: 'unit',
      testMatch: ['**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '\\.integration\\.test\\.ts$'],
    },
    {
      ...everywhere,
      displayName: 'integration',
      testMatch: ['**/*.integration.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', faults],
      globalSetup: './dev/src/jest-setup.ts',
      globalTeardown: './dev/src/jest-teardown.ts',
    },
    {
      ...everywhere,
      displayName: 'faults',
      testMatch: [`<rootDir>/${faults}`],
      globalSetup: './dev/src/jest-setup.ts',
      globalTeardown: './dev/src/jest-teardown.ts',
    },
  ],
};
