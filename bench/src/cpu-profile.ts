/** What V8's profiler writes, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** The node that was on top of the stack, sample by sample. */
  readonly samples: readonly number[];
  /** Microseconds from each sample to the next. */
  readonly timeDeltas: readonly number[];
}

export interface SelfTime {
  /** With file and line; `(program)` is native code, `(garbage collector)` what it says. */
  readonly name: string;
  /** Of one core, over the whole profile. */
  readonly share: number;
}

/** The functions that used the most time themselves, without the waiting, the largest first. */
export function topSelfTimes({ nodes, samples, timeDeltas }: CpuProfile, count: number): SelfTime[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const microseconds = new Map<string, number>();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '(unknown)';
    const duration = timeDeltas[index] ?? 0;
    total += duration;
    microseconds.set(name, (microseconds.get(name) ?? 0) + duration);
  }
  microseconds.delete('(idle)');
  return [...microseconds]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, duration]) => ({ name, share: duration / total }));
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const file = url.split('/').slice(-3).join('/');
  return `${functionName || '(anonymous)'}${file === '' ? '' : ` ${file}:${lineNumber + 1}`}`;
}
