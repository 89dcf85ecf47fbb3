/**
 * `npm test`: everything, on a real PostgreSQL and a real Kafka. With arguments only the tests they select:
 * `npm test -- stream/src -t order` passes them to jest.
 */
import { join } from 'node:path';
import { prepare, run } from './prepare.mjs';

const args = process.argv.slice(2);

await prepare();
if (args.length === 0) {
  await run('npm', ['run', '--silent', 'check']);
  await run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.json']);
}
if (args.length > 0) {
  await jest(...args);
} else {
  // Integration tests mostly wait: two at a time, whatever the machine.
  await jest('--selectProjects', 'unit', 'integration', '--maxWorkers=2');
  await jest('--selectProjects', 'faults', '--runInBand');
}

/**
 * jest runs native ES modules only with this flag; its workers inherit it.
 *
 * @param {...string} options
 */
function jest(...options) {
  const flags = ['--experimental-vm-modules', '--no-warnings=ExperimentalWarning'];
  return run(process.execPath, [...flags, join('node_modules', 'jest', 'bin', 'jest.js'), ...options]);
}
