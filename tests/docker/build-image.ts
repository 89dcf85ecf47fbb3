import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { Instruction, Stage } from './dockerfile.ts';

/** What the last stage leaves behind: the image, as a folder. */
export interface Image {
  /** Stands for `/` in the container. */
  readonly root: string;
  readonly workDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly command: readonly string[];
}

interface Build {
  readonly stages: readonly Stage[];
  /** Copies a file or folder of the build context, without what is ignored. */
  readonly copyContext: (source: string, target: string) => void;
  /** An empty folder. */
  readonly folder: string;
  /** Told of each RUN before it runs; true when it has done itself what the command would do. */
  readonly instead: (command: string, workDir: string) => boolean;
}

/** Runs the steps of a Dockerfile in folders of this machine, with the Node that is here in place of the image's. */
export async function buildImage({ stages, copyContext, folder, instead }: Build): Promise<Image> {
  const built = new Map<string, Image>();
  let image: Image | undefined;
  for (const [index, { from, name, instructions }] of stages.entries()) {
    const root = join(folder, name || `stage-${index}`);
    const parent = built.get(from);
    image = parent === undefined ? { root, workDir: '/', env: {}, user: 'root', command: [] } : { ...parent, root };
    mkdirSync(root, { recursive: true });
    if (parent !== undefined) cpSync(parent.root, root, { recursive: true, verbatimSymlinks: true });
    for (const instruction of instructions) image = await step(instruction, image);
    built.set(name, image);
  }
  if (image === undefined) throw new Error('a Dockerfile without a stage');
  return image;

  async function step({ keyword, flags, words }: Instruction, before: Image): Promise<Image> {
    const workDir = join(before.root, before.workDir);
    switch (keyword) {
      case 'WORKDIR': {
        const next = { ...before, workDir: words[0] ?? '/' };
        mkdirSync(join(next.root, next.workDir), { recursive: true });
        return next;
      }
      case 'ENV':
        return { ...before, env: { ...before.env, ...Object.fromEntries(words.map((word) => word.split('=', 2))) } };
      case 'USER':
        return { ...before, user: words[0] ?? '' };
      case 'CMD':
        return { ...before, command: words };
      case 'EXPOSE':
        return before;
      case 'RUN': {
        const command = words.join(' ');
        if (!instead(command, workDir)) await runCommand(command, workDir, before.env);
        return before;
      }
      case 'COPY': {
        const target = join(words.at(-1)?.startsWith('/') ? before.root : workDir, words.at(-1) ?? '');
        const from = flags['from'] === undefined ? undefined : built.get(flags['from']);
        for (const source of words.slice(0, -1)) {
          if (from === undefined) copyContext(source, withName(source, target, words));
          else copyFolder(join(from.root, source), target);
        }
        return before;
      }
      default:
        throw new Error(`${keyword} is not known here: teach tests/docker/build-image.ts what it does`);
    }
  }
}

/** A file goes into a target that ends in a slash, or is one of several; a folder's content becomes the target's. */
function withName(source: string, target: string, words: readonly string[]): string {
  return target.endsWith('/') || words.length > 2 ? join(target, basename(source)) : target;
}

function copyFolder(source: string, target: string): void {
  if (!existsSync(source) || !statSync(source).isDirectory()) throw new Error(`COPY of ${source}: no such folder`);
  cpSync(realpathSync(source), target, { recursive: true, verbatimSymlinks: true });
}

/** Without what npm tells the scripts that it runs: the npm in there must not take this project for its own. */
async function runCommand(command: string, cwd: string, env: Readonly<Record<string, string>>): Promise<void> {
  const { NODE_ENV: _, NODE_OPTIONS: __, npm_config_local_prefix: ___, ...inherited } = process.env;
  try {
    await promisify(execFile)('sh', ['-c', command], { cwd, env: { ...inherited, ...env } });
  } catch (cause) {
    const { stdout, stderr } = cause as { stdout: string; stderr: string };
    throw new Error(`RUN ${command}\n${stdout}${stderr}`, { cause });
  }
}
