import type { ModelTypes } from './add-model.ts';
import { atHand } from './at-hand.ts';
import { builder } from './builder.ts';
import type { Model } from './model.ts';
import type { RowRef } from './object-type.ts';
import { connectionComplexity, readVisiblePage } from './queries.ts';
import { textOf } from './row.ts';
import { leadsToProfile, readsRowsOf } from './selection.ts';

/** What relations may lead to. */
export interface Targets {
  /** By model name. */
  readonly models: ReadonlyMap<string, { readonly model: Model; readonly types: ModelTypes }>;
  /** The public side of a user, and the model whose rows it shows. */
  readonly profile: { readonly type: RowRef; readonly of: Model };
}

/** Adds the relations of a model, when all models have their types. */
export function addRelations({ model, types }: { model: Model; types: ModelTypes }, targets: Targets): void {
  const target = (name: string) => {
    const found = targets.models.get(name);
    if (found === undefined) throw new TypeError(`${model.name} is related to ${name}, which is no model`);
    return found;
  };
  for (const [name, relation] of Object.entries(model.relations)) {
    const { reference } = relation;
    if (relation.kind === 'many') {
      const { model: other, types: otherTypes } = target(relation.model);
      builder.objectField(types.row, name, (t) =>
        t.field({
          type: otherTypes.connection,
          nullable: true,
          args: t.arg.connectionArgs(),
          extensions: readsRowsOf(other),
          complexity: connectionComplexity,
          resolve: (row, page, context) =>
            readVisiblePage(other, context, page, { within: { [reference]: textOf(row, 'id') } }),
        }),
      );
      continue;
    }
    const field = model.fields[reference];
    if (field?.kind !== 'reference') throw new TypeError(`${model.name}.${reference} is no reference`);
    const isProfile = relation.kind === 'profile';
    const other = isProfile ? targets.profile.of : target(field.to).model;
    builder.objectField(types.row, name, (t) =>
      t.field({
        type: isProfile ? targets.profile.type : target(field.to).types.row,
        nullable: true,
        extensions: isProfile ? leadsToProfile({ field: name, from: model, reference, to: other }) : readsRowsOf(other),
        resolve(row, _, { rows }) {
          const id = row[reference];
          if (typeof id !== 'string') return null;
          return isProfile ? (atHand(row, name) ?? rows.any(other, id)) : rows.visible(other, id);
        },
      }),
    );
  }
}
