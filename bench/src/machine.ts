import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';

/** Where the figures were taken: without it they mean nothing. */
export interface Machine {
  readonly cpu: string;
  readonly memory: string;
  readonly system: string;
  readonly node: string;
  /** Of the minute before the first row: others at work make every figure worse. */
  readonly loadBefore: number;
}

export function describeMachine(): Machine {
  const [first, ...others] = cpus();
  return {
    cpu: `${others.length + 1} × ${first?.model.trim() ?? 'unknown'} (${arch()})`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}`,
    node: process.version,
    loadBefore: loadavg()[0] ?? 0,
  };
}
