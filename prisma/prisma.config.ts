import { defineConfig } from 'prisma/config';

// `prisma generate` would download an engine that it does not use; any existing file in its place keeps it offline.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= process.execPath;

// biome-ignore lint/style/noDefaultExport: Prisma reads the default export.
export default defineConfig({ schema: 'schema.prisma', migrations: { path: 'migrations' } });
