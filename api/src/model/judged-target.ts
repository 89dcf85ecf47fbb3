import { memberOf, type Names, type Rule } from '../authority/rules.ts';
import { columnSql } from './field.ts';
import type { Model, Values } from './model.ts';
import type { Target } from './statement.ts';
import type { WriteRequest } from './write-request.ts';

// A policy as part of the statement that writes: it judges the row that it is about to replace, by the authority that it finds
// in its own snapshot. Where it writes nothing, it does not say why: see docs/decisions/mutation-in-one-statement.md.

/** Whether the policy's verdict on the row as it would be is that on the row as it is, and the model's own rule has nothing to say. */
export function leavesVerdict({ policy, workspace, fields, rules }: Model, values: Values): boolean {
  const judged = [...policy.read.reads, ...policy.update.reads, ...(rules.beforeUpdate?.of ?? []), workspace];
  return Object.keys(values).every((name) => !judged.includes(name) && fields[name]?.writableBy === undefined);
}

/** The row as its viewer expects it, if he may see it and do this with it. */
export function allowedTarget(model: Model, verb: 'update' | 'delete', id: string, request: WriteRequest): Target {
  const { expectedVersion } = request.input;
  return {
    id,
    condition(parameter) {
      let viewerId: string | undefined;
      const names: Names = {
        // A place that no rule asks for would have no type.
        get viewerId() {
          viewerId ??= `${parameter(request.viewer.userId)}::uuid`;
          return viewerId;
        },
        column: (field) => `target.${columnSql(field)}`,
      };
      const conditions = rulesOf(model, verb).map((rule) => rule.condition(names));
      if (typeof expectedVersion === 'number') conditions.push(`target.version = ${parameter(expectedVersion)}`);
      return conditions.join(' AND ');
    },
  };
}

/** What judge-write.ts asks of the row as it is, and of an update as it would be, without what another of them says already. */
function rulesOf({ policy, workspace, fields }: Model, verb: 'update' | 'delete'): readonly Rule[] {
  const isPlaced = verb === 'update' && workspace !== undefined && fields[workspace]?.kind === 'reference';
  const rules = [policy[verb], policy.read, ...(isPlaced ? [memberOf(workspace)] : [])];
  return rules.filter((rule, index) => !rules.slice(0, index).some((other) => implies(other, rule)));
}

/** Whoever is a member in a certain role is a member. */
function implies({ membersOf: one }: Rule, { membersOf: other }: Rule): boolean {
  return other?.inAnyRole === true && other.scope === one?.scope;
}
