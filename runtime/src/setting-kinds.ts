import { type Setting, WrongSetting } from './settings.ts';

/** What every kind takes. With `default` an unset variable has that value, with `optional` it is undefined, else it is an error. */
interface Common<T> {
  readonly doc: string;
  readonly unit?: string;
  readonly default?: T;
  readonly optional?: true;
}

type ValueOf<T, Options> = Options extends { readonly optional: true } ? T | undefined : T;

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** Any text, at least `minBytes` and at most `maxBytes` UTF-8 bytes long. */
export function text<Options extends Common<string> & { minBytes?: number; maxBytes?: number }>(
  options: Options,
): Setting<ValueOf<string, Options>> {
  const { minBytes = 1, maxBytes = 10_000 } = options;
  return setting<string, Options>(options, (value) => {
    const bytes = Buffer.byteLength(value);
    if (bytes >= minBytes && bytes <= maxBytes) return value;
    // The value is not repeated: it may be a secret.
    const bound = bytes < minBytes ? `at least ${minBytes}` : `at most ${maxBytes}`;
    throw new WrongSetting(`must be ${bound} bytes long, and has ${bytes}`);
  });
}

/** A whole number. */
export function integer<Options extends Common<number> & Bounds>(options: Options): Setting<ValueOf<number, Options>> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  return setting<number, Options>(options, (value) => {
    const number = /^-?\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new WrongSetting(`must be a whole number ${range}${ofUnit(options.unit)}, not '${value}'`);
  });
}

/** A TCP port; 0 lets the system choose. */
export function port<Options extends Common<number>>(options: Options): Setting<ValueOf<number, Options>> {
  return integer({ ...options, min: 0, max: 65_535 });
}

const BYTE_UNITS: Readonly<Record<string, number>> = { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** An amount of memory or disk, in bytes: `262144`, `256KiB`, `4MiB`, `1 GiB`. */
export function bytes<Options extends Common<number> & Bounds>(options: Options): Setting<ValueOf<number, Options>> {
  const { min = 1, max = 2 ** 40 } = options;
  const read = (value: string) => {
    const [, digits, unit = ''] = /^(\d{1,13}) ?([A-Za-z]*)$/.exec(value) ?? [];
    const amount = Number(digits) * (BYTE_UNITS[unit] ?? Number.NaN);
    if (amount >= min && amount <= max) return amount;
    throw new WrongSetting(
      `must be an amount from ${byteText(min)} to ${byteText(max)}, such as '4MiB', not '${value}'`,
    );
  };
  return setting<number, Options>(options, read, byteText);
}

export function boolean<Options extends Common<boolean>>(options: Options): Setting<ValueOf<boolean, Options>> {
  return setting<boolean, Options>(options, (value) => {
    if (value === 'true' || value === 'false') return value === 'true';
    throw new WrongSetting(`must be true or false, not '${value}'`);
  });
}

/** One of a few words. */
export function oneOf<const Word extends string, Options extends Common<Word>>(
  words: readonly Word[],
  options: Options,
): Setting<ValueOf<Word, Options>> {
  return setting<Word, Options>(options, (value) => {
    const word = words.find((candidate) => candidate === value);
    if (word !== undefined) return word;
    throw new WrongSetting(`must be one of ${words.join(', ')}, not '${value}'`);
  });
}

/** Texts separated by commas, each of the form `each`; spaces around them are dropped. Its default is often []. */
export function list<Options extends Common<readonly string[]> & { each?: { form: RegExp; name: string } }>(
  options: Options,
): Setting<ValueOf<readonly string[], Options>> {
  const { each = { form: /./, name: 'a text' } } = options;
  const read = (value: string) => {
    const items = value.split(',').map((item) => item.trim());
    const wrong = items.find((item) => !each.form.test(item));
    if (wrong === undefined) return items;
    throw new WrongSetting(`must be a comma-separated list, each ${each.name}; '${wrong}' is not`);
  };
  return setting<readonly string[], Options>(options, read, (items) => items.join(','));
}

/** An absolute URL of one of the protocols, such as `['http:', 'https:']`. */
export function url<Options extends Common<string> & { protocols: readonly string[] }>(
  options: Options,
): Setting<ValueOf<string, Options>> {
  const starts = options.protocols.map((protocol) => `${protocol}//`).join(' or ');
  return setting<string, Options>(options, (value) => {
    if (URL.canParse(value) && options.protocols.includes(new URL(value).protocol)) return value;
    // The value is not repeated: URLs of databases hold passwords.
    throw new WrongSetting(`must be a URL that starts with ${starts}`);
  });
}

function setting<T, Options extends Common<T>>(
  options: Options,
  parse: (value: string) => T,
  write: (value: T) => string = String,
): Setting<ValueOf<T, Options>> {
  const fallback =
    options.default !== undefined
      ? { value: options.default, text: write(options.default) }
      : options.optional && { value: undefined, text: '' };
  // `optional` is what makes the value's type include undefined; TypeScript cannot follow it through the condition.
  return { doc: options.doc, unit: options.unit, fallback, parse } as Setting<ValueOf<T, Options>>;
}

function byteText(amount: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB']) {
    const size = BYTE_UNITS[unit] ?? 1;
    if (amount >= size && amount % size === 0) return `${amount / size}${unit}`;
  }
  return `${amount}`;
}

function ofUnit(unit: string | undefined): string {
  return unit === undefined ? '' : ` (${unit})`;
}
