import { execFile } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { linkPackages } from './linked-packages.ts';

const project = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/** A copy of the project that may be changed as a reader of the README would change his. */
export interface ProjectCopy {
  readonly root: string;
  read(path: string): string;
  write(path: string, text: string): void;
  append(path: string, text: string): void;
  /** Puts `replacement` in the place of `text`. @throws Error when it is not there. */
  replace(path: string, text: string | RegExp, replacement: string): void;
  /** Runs what `npm start` runs for the workspaces that have changed. @throws Error with what the tools said. */
  build(workspaces: readonly string[]): Promise<void>;
  /** Runs one of its compiled programs to the end. @returns what it wrote. */
  run(script: string, env: Readonly<Record<string, string>>): Promise<string>;
}

/** Copies what the API is made of, as it was last built, so that only what is changed is built anew. */
export function copyProject(root: string): ProjectCopy {
  for (const path of ['package.json', 'tsconfig.base.json', 'prisma', 'stream', 'runtime', 'api']) {
    cpSync(join(project, path), join(root, path), {
      recursive: true,
      preserveTimestamps: true,
      filter: (source) => !/\/node_modules$|\.test\.ts$/.test(source),
    });
  }
  linkPackages({ installed: join(project, 'node_modules'), copy: root });

  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  return {
    root,
    read,
    write,
    append: (path, text) => appendFileSync(join(root, path), text),
    replace(path, text, replacement) {
      const before = read(path);
      const after = before.replace(text, () => replacement);
      if (after === before) throw new Error(`${path} has no ${text}`);
      write(path, after);
    },
    async build(workspaces) {
      const filters = workspaces.flatMap((name) => ['--workspace', name]);
      const { npm_config_local_prefix: _, ...env } = process.env;
      await run('npm', ['run', 'build', ...filters], { cwd: root, env }).catch((cause: { stdout?: string }) => {
        throw new Error(`the build of the copy failed:\n${cause.stdout}`, { cause });
      });
    },
    async run(script, env) {
      const { stdout } = await run(process.execPath, [join(root, script)], { env });
      return stdout;
    },
  };
}
