import { fileURLToPath } from 'node:url';
import { describeApp } from '@sync-hub/sdk/testing/describe-app';

describeApp('the urql app', fileURLToPath(new URL('..', import.meta.url)));
