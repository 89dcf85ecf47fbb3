/**
 * Which paths a `.dockerignore` keeps from the builder. A pattern means what it names and all that lies in it; of several
 * patterns that mean a path, the last decides.
 *
 * @see https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export function readDockerIgnore(text: string): (path: string) => boolean {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ ignores: !line.startsWith('!'), pattern: patternOf(line.replace(/^!/, '')) }));
  return (path) => rules.findLast(({ pattern }) => pattern.test(path))?.ignores ?? false;
}

function patternOf(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]]/g, '\\$&')
    .replace(/\*\*\/|\*|\?/g, (wild) => ({ '**/': '(?:.*/)?', '*': '[^/]*' })[wild] ?? '[^/]');
  return new RegExp(`^${source}(?:/.*)?$`);
}
