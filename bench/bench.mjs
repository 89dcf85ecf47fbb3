/** `npm run bench`: the measurements, after building what has changed. See README.md for its options. */
import { prepare } from '../dev/prepare.mjs';

await prepare({ workspaces: ['bench', 'listener', 'api'] });
await import('./dist/main.js');
