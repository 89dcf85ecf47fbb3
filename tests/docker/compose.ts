import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** What the tests look at of a service in docker-compose.yml. */
export interface Service {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly restart?: string;
  readonly env_file?: readonly { readonly path: string; readonly required: boolean }[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
}

export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/**
 * docker-compose.yml as Compose would read it where these variables are set.
 *
 * @throws Error with the file's own message, when a variable is missing that has to be set.
 */
export function readCompose(variables: Readonly<Record<string, string>>): Compose {
  const text = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
  const document: unknown = parse(text, { merge: true });
  return interpolate(document, variables) as Compose;
}

/** In values only, as Compose does it: `${NAME:-default}` and `${NAME:?message}`. */
function interpolate(value: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(value)) return value.map((item) => interpolate(item, variables));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, interpolate(item, variables)]));
  if (typeof value !== 'string') return value;
  return value.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind: string | undefined, rest: string) => {
    const given = variables[name] ?? '';
    if (given !== '') return given;
    if (kind === '-') return rest;
    throw new Error(`${name}: ${rest}`);
  });
}

/** A service's environment, as a process is given it. */
export function environmentOf(service: Service | undefined): Record<string, string> {
  const entries = Object.entries(service?.environment ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
