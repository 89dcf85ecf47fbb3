import { type ModelName, type Role, roles } from './cast.ts';

/** `sees` a row or `nothing`, where another could not be told from an absent one. */
export type Sight = 'sees' | 'nothing';
export type Outcome = 'done' | 'FORBIDDEN' | 'NOT_FOUND';
type By<Verdict> = Readonly<Record<Role, Verdict>>;

export interface Rights {
  readonly read: By<Sight>;
  readonly create?: By<Outcome>;
  readonly update?: By<Outcome>;
  readonly delete: By<Outcome>;
}

/**
 * "Who may what" (docs/rights.md), written out by hand for every role. Not taken from the policies in the code:
 * these are what it is compared with. Who is not signed in is UNAUTHENTICATED everywhere.
 */
export const whoMayWhat: Readonly<Record<ModelName, Rights>> = {
  //                       OWNER      EDITOR     VIEWER     SELF       OUTSIDER   ADMIN
  Workspace: {
    read: sight('          sees       sees       sees       sees       nothing    nothing'),
    create: outcome('      done       done       done       done       done       done'),
    update: outcome('      done       FORBIDDEN  FORBIDDEN  FORBIDDEN  NOT_FOUND  NOT_FOUND'),
    delete: outcome('      done       FORBIDDEN  FORBIDDEN  FORBIDDEN  NOT_FOUND  NOT_FOUND'),
  },
  Member: {
    read: sight('          sees       sees       sees       sees       nothing    nothing'),
    create: outcome('      done       FORBIDDEN  FORBIDDEN  FORBIDDEN  NOT_FOUND  NOT_FOUND'),
    update: outcome('      done       FORBIDDEN  FORBIDDEN  FORBIDDEN  NOT_FOUND  NOT_FOUND'),
    delete: outcome('      done       FORBIDDEN  FORBIDDEN  done       NOT_FOUND  NOT_FOUND'),
  },
  Task: {
    read: sight('          sees       sees       sees       sees       nothing    nothing'),
    create: outcome('      done       done       FORBIDDEN  done       NOT_FOUND  NOT_FOUND'),
    update: outcome('      done       done       FORBIDDEN  done       NOT_FOUND  NOT_FOUND'),
    delete: outcome('      done       done       FORBIDDEN  done       NOT_FOUND  NOT_FOUND'),
  },
  Comment: {
    read: sight('          sees       sees       sees       sees       nothing    nothing'),
    create: outcome('      done       done       FORBIDDEN  done       NOT_FOUND  NOT_FOUND'),
    update: outcome('      FORBIDDEN  FORBIDDEN  FORBIDDEN  done       NOT_FOUND  NOT_FOUND'),
    delete: outcome('      done       FORBIDDEN  FORBIDDEN  done       NOT_FOUND  NOT_FOUND'),
  },
  User: {
    read: sight('          sees       sees       sees       sees       nothing    sees'),
    create: outcome('      FORBIDDEN  FORBIDDEN  FORBIDDEN  FORBIDDEN  FORBIDDEN  done'),
    update: outcome('      FORBIDDEN  FORBIDDEN  FORBIDDEN  done       NOT_FOUND  done'),
    delete: outcome('      FORBIDDEN  FORBIDDEN  FORBIDDEN  done       NOT_FOUND  done'),
  },
  Session: {
    read: sight('          nothing    nothing    nothing    sees       nothing    sees'),
    delete: outcome('      NOT_FOUND  NOT_FOUND  NOT_FOUND  done       NOT_FOUND  done'),
  },
};

/** Who shares a workspace with a user sees the row without these. */
export const secretsOfUsers = { email: null, role: null };
export const seesSecretsOfUsers: ReadonlySet<Role> = new Set<Role>(['SELF', 'ADMIN']);

function sight(row: string): By<Sight> {
  return columns(row) as By<Sight>;
}

function outcome(row: string): By<Outcome> {
  return columns(row) as By<Outcome>;
}

function columns(row: string): Readonly<Record<Role, string>> {
  const verdicts = row.trim().split(/\s+/);
  return Object.fromEntries(roles.map((role, index) => [role, verdicts[index]])) as Readonly<Record<Role, string>>;
}
