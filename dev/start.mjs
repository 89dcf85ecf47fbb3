/** `npm start`: the whole product on one machine. What needs packages is in src/start.ts; this makes sure they are there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, ROOT, refuseOldNode } from './prepare.mjs';

refuseOldNode(); // An older one has no loadEnvFile.
const env = join(ROOT, '.env');
if (existsSync(env)) process.loadEnvFile(env); // what the environment already says wins
await prepare({ workspaces: ['dev', 'listener', 'api'] });
await import('./dist/start.js');
