import type { CodegenConfig } from '@graphql-codegen/cli';

/** Types every operation in clients/sdk/operations by the committed schema. Runs before each build of the SDK. */
const config: CodegenConfig = {
  schema: 'api/schema.graphql',
  documents: 'clients/sdk/operations/*.graphql',
  generates: {
    'clients/sdk/src/generated/': {
      preset: 'client',
      // Operations live in .graphql files, so their typed documents are imported from generated/graphql by name.
      presetConfig: { fragmentMasking: false, skipIndexFile: true },
      config: {
        strictScalars: true,
        scalars: { ID: 'string', DateTime: 'string', SyncCursor: 'string', UUID: 'string' },
        inlineFragmentTypes: 'combine',
        enumType: 'const',
        useTypeImports: true,
        importExtension: '.ts',
      },
    },
    // Which types an interface stands for: a normalising cache must know, to read fragments on interfaces.
    'clients/sdk/src/generated/possible-types.ts': { plugins: ['fragment-matcher'] },
  },
};

export default config;
