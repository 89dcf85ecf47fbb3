/** `npm run test:faults`: the oracle, after building what has changed. See README.md for its options. */
import { join } from 'node:path';
import { prepare, ROOT, run } from '../../dev/prepare.mjs';

await prepare({ workspaces: ['listener', 'api', 'dev', 'sdk'] });
await run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', join('tests', 'faults')]);
await run(process.execPath, [
  '--enable-source-maps',
  join('tests', 'faults', 'dist', 'main.js'),
  ...process.argv.slice(2),
]);
