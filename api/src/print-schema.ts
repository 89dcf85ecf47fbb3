import { writeFile } from 'node:fs/promises';
import { printSchema } from 'graphql';
import { buildSchema } from './schema/schema.ts';

// `npm run schema`: writes the committed schema.graphql anew, from which clients' types are generated.
await writeFile(new URL('../schema.graphql', import.meta.url), `${printSchema(buildSchema())}\n`);
