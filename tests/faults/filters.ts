import type { Random } from './random.ts';
import { globalId, type Row } from './rows.ts';

/**
 * One filter told three times, each by hand: as GraphQL takes it, as SQL, and as a verdict on a row of the log.
 *
 * Operators whose meaning for NULL is a choice of the API (`ne`, `not` on a column that may be NULL) are left to the
 * filter's own tests.
 */
export interface Filter {
  readonly graphql: object;
  readonly sql: string;
  matches(row: Row): boolean;
  /** The one workspace that rows must be of, when the filter asks for it at its top. */
  readonly workspace?: string;
}

const everything: Filter = { graphql: {}, sql: 'true', matches: () => true };

export function inWorkspace(workspace: string): Filter {
  return {
    graphql: { workspaceId: { eq: globalId('Workspace', workspace) } },
    sql: `workspace_id = '${workspace}'`,
    matches: (row) => row['workspace_id'] === workspace,
    workspace,
  };
}

/** A filter of tasks. @param known  ids that rows may have, so that something matches. */
export function drawTaskFilter(
  random: Random,
  known: { workspaces: readonly string[]; users: readonly string[] },
): Filter {
  const kind = random.between(0, 9);
  if (kind === 0) return everything;
  if (kind <= 3) return inWorkspace(random.pick(known.workspaces));
  if (kind <= 5) return both(inWorkspace(random.pick(known.workspaces)), drawCondition(random, known, 2));
  return drawCondition(random, known, 2);
}

function drawCondition(random: Random, known: { users: readonly string[] }, depth: number): Filter {
  const draw = () => drawCondition(random, known, depth - 1);
  const leaves = [
    () => equal('status', random.pick(['TODO', 'DOING', 'DONE'])),
    () => oneOf('status', [random.pick(['TODO', 'DOING']), 'DONE']),
    () => below('priority', random.between(1, 4)),
    () => atLeast('priority', random.between(1, 4)),
    () => contains(random.pick(['a', 'E', '7', 'Bulk'])),
    () => assigned(random.pick(known.users)),
    () => unassigned(random.chance(0.5)),
  ];
  if (depth > 0 && random.chance(0.4)) {
    return random.pick([() => both(draw(), draw()), () => either(draw(), draw()), () => negated(random)])();
  }
  return random.pick(leaves)();
}

function equal(column: string, value: string): Filter {
  return {
    graphql: { [column]: { eq: value } },
    sql: `${column} = '${value}'`,
    matches: (row) => row[column] === value,
  };
}

function oneOf(column: string, values: readonly string[]): Filter {
  return {
    graphql: { [column]: { in: values } },
    sql: `${column} IN (${values.map((value) => `'${value}'`).join()})`,
    matches: (row) => values.some((value) => row[column] === value),
  };
}

function below(column: string, bound: number): Filter {
  return {
    graphql: { [column]: { lt: bound } },
    sql: `${column} < ${bound}`,
    matches: (row) => Number(row[column]) < bound,
  };
}

function atLeast(column: string, bound: number): Filter {
  return {
    graphql: { [column]: { gte: bound } },
    sql: `${column} >= ${bound}`,
    matches: (row) => Number(row[column]) >= bound,
  };
}

/** Titles of the run are ASCII, for which all three agree on case. */
function contains(part: string): Filter {
  return {
    graphql: { title: { contains: part, insensitive: true } },
    sql: `strpos(lower(title), lower('${part}')) > 0`,
    matches: (row) => String(row['title']).toLowerCase().includes(part.toLowerCase()),
  };
}

function assigned(user: string): Filter {
  return {
    graphql: { assigneeId: { eq: globalId('User', user) } },
    sql: `assignee_id IS NOT DISTINCT FROM '${user}'`,
    matches: (row) => row['assignee_id'] === user,
  };
}

function unassigned(isNull: boolean): Filter {
  return {
    graphql: { assigneeId: { isNull } },
    sql: `assignee_id IS ${isNull ? '' : 'NOT '}NULL`,
    matches: (row) => (row['assignee_id'] === null) === isNull,
  };
}

function negated(random: Random): Filter {
  const of = random.pick([equal('status', 'DONE'), below('priority', 3), contains('bulk')]);
  return { graphql: { not: of.graphql }, sql: `NOT (${of.sql})`, matches: (row) => !of.matches(row) };
}

function both(one: Filter, other: Filter): Filter {
  const both: Filter = {
    graphql: { and: [one.graphql, other.graphql] },
    sql: `(${one.sql}) AND (${other.sql})`,
    matches: (row) => one.matches(row) && other.matches(row),
  };
  return one.workspace === undefined ? both : { ...both, workspace: one.workspace };
}

function either(one: Filter, other: Filter): Filter {
  return {
    graphql: { or: [one.graphql, other.graphql] },
    sql: `(${one.sql}) OR (${other.sql})`,
    matches: (row) => one.matches(row) || other.matches(row),
  };
}
