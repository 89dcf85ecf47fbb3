/** `npm run env-example`: writes `.env.example` anew from what the processes read. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, ROOT } from './prepare.mjs';

await prepare({ workspaces: ['dev', 'listener', 'api'] });
const [{ envExample }, { listenerSettings }, { apiSettings }] = await Promise.all([
  import('./dist/env-example.js'),
  import('../listener/dist/config.js'),
  import('../api/dist/config.js'),
]);
writeFileSync(join(ROOT, '.env.example'), envExample({ listener: listenerSettings, api: apiSettings }));
