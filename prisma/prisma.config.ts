import { defineConfig } from 'prisma/config';

// `prisma generate` would download an engine that it does not use; any existing file in its place keeps it offline.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= process.execPath;

export default defineConfig({ schema: 'schema.prisma', migrations: { path: 'migrations' } });
