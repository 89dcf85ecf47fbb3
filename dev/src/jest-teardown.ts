import { deleteRunFolder } from './run-folder.ts';

/** jest's globalTeardown of integration runs. */
const tearDown = () => {
  const folder = process.env['TEST_RUN_FOLDER'];
  if (folder !== undefined) deleteRunFolder(folder);
};
export default tearDown;
