/**
 * Whether a version of Node is the needed one or a later one.
 *
 * @param {string} version  as `process.versions.node`.
 * @param {string} needed  its first two numbers: `20.20`.
 */
export function isNewEnough(version, needed) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number);
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}
