/** One instruction: `COPY --from=build /app/dist dist` has the keyword COPY, the flag from and two words. */
export interface Instruction {
  readonly keyword: string;
  readonly flags: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

export interface Stage {
  /** The stage or image it goes on from. */
  readonly from: string;
  /** Empty for a stage without one. */
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/**
 * The stages of a Dockerfile, in order.
 *
 * It reads what ours are written in: one instruction a line, flags as `--name=value`, words without quotes, JSON arrays.
 */
export function parseDockerfile(text: string): readonly Stage[] {
  const stages: { from: string; name: string; instructions: Instruction[] }[] = [];
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    if (line.endsWith('\\')) throw new Error(`one instruction a line: ${line}`);
    const instruction = parseInstruction(line);
    const [from = '', , name = ''] = instruction.words;
    if (instruction.keyword === 'FROM') stages.push({ from, name, instructions: [] });
    else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

function parseInstruction(line: string): Instruction {
  const [keyword = '', ...rest] = line.split(/\s+/);
  const words = rest.filter((word) => !word.startsWith('--') || keyword === 'RUN');
  const flags = rest
    .filter((word) => !words.includes(word))
    .map((word) => word.slice(2).split('=', 2) as [string, string]);
  const isArray = words[0]?.startsWith('[') ?? false;
  return {
    keyword,
    flags: Object.fromEntries(flags),
    words: isArray ? (JSON.parse(words.join(' ')) as string[]) : words,
  };
}
