/**
 * A process's settings, read once from its environment.
 *
 * A spec names each variable and its kind (see setting-kinds.ts); from it come the typed values, the one message that
 * names everything that is wrong, and the variable's entry in `.env.example`.
 */

/** One environment variable: how its text is read, and what a person must know to set it. */
export interface Setting<T> {
  /** One or two sentences for `.env.example`. */
  readonly doc: string;
  readonly unit?: string | undefined;
  /** What an unset variable means; without it the variable must be set. `text` is that value as one would write it. */
  readonly fallback: { readonly value: T; readonly text: string } | undefined;
  /** @throws WrongSetting saying what the text should have been. */
  parse(text: string): T;
}

export type SettingsSpec = Readonly<Record<string, Setting<unknown>>>;

export type SettingsOf<Spec extends SettingsSpec> = {
  readonly [Name in keyof Spec]: Spec[Name] extends Setting<infer T> ? T : never;
};

/** What is wrong with one variable, to be read after its name: "must be a port, 1 to 65535, not 'abc'". */
export class WrongSetting extends Error {}

/** One message for people, naming every variable that is wrong. */
export class SettingsError extends Error {}

/**
 * Reads every setting of the spec. A variable that is empty counts as unset; spaces around a value are dropped.
 *
 * @param check  rules between settings, asked once each is right by itself: what is wrong, one line each.
 * @throws SettingsError naming all that is wrong.
 */
export function readSettings<Spec extends SettingsSpec>(
  spec: Spec,
  env: Readonly<Record<string, string | undefined>>,
  check: (settings: SettingsOf<Spec>) => readonly string[] = () => [],
): SettingsOf<Spec> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(spec)) {
    try {
      values[name] = readOne(setting, env[name]?.trim());
    } catch (error) {
      if (!(error instanceof WrongSetting)) throw error;
      problems.push(`${name} ${error.message}`);
    }
  }
  // Each name of the spec has its value now, or a problem; the loop is out of the type checker's sight.
  const settings = Object.freeze(values) as SettingsOf<Spec>;
  if (problems.length === 0) problems.push(...check(settings));
  if (problems.length > 0) {
    const heading = problems.length === 1 ? 'One setting is wrong' : `${problems.length} settings are wrong`;
    throw new SettingsError(`${heading} (see .env.example):\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
  }
  return settings;
}

/** The lines of `.env.example` for these settings: what each means, its unit, and its default commented out. */
export function describeSettings(spec: SettingsSpec): string[] {
  return Object.entries(spec).flatMap(([name, { doc, unit, fallback }]) => {
    const measure = unit === undefined ? '' : ` Unit: ${unit}.`;
    if (fallback === undefined) return [`# ${doc}${measure} Must be set.`, `${name}=`, ''];
    const meaning = fallback.text === '' ? 'Unset by default.' : `Default: ${fallback.text}.`;
    return [`# ${doc}${measure} ${meaning}`, `#${name}=${fallback.text}`, ''];
  });
}

function readOne<T>(setting: Setting<T>, text: string | undefined): T {
  if (text !== undefined && text !== '') return setting.parse(text);
  if (setting.fallback === undefined) throw new WrongSetting(`must be set: ${setting.doc}`);
  return setting.fallback.value;
}
