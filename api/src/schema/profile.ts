import { builder } from '../model/builder.ts';
import { signedInViewer } from '../model/context.ts';
import { TransactionType } from '../model/frame-type.ts';
import { writeGlobalId } from '../model/global-id.ts';
import { type Row, textOf } from '../model/row.ts';
import { user } from './user.ts';

/**
 * The public side of a user: visible wherever a row that names him is, hence the same for every viewer. Asked for by id
 * alone it is shown to those who may see the user.
 */
export const Profile = builder.objectRef<Row>('Profile');

builder.node(Profile, {
  description: 'The public side of a user: visible wherever a row that names it is, hence the same for every viewer.',
  id: { resolve: (row) => textOf(row, 'id') },
  brandLoadedObjects: true,
  loadMany: (ids, context) => {
    signedInViewer(context);
    const load = async (id: string) => {
      const row = await context.rows.visible(user, id);
      // A row of its own: asked for together with the User it shows, one object would have to be both.
      return row && { ...row, __typename: 'Profile' };
    };
    return Promise.all(ids.map(load));
  },
  fields: (t) => ({
    userId: t.id({ nullable: false, resolve: (row) => writeGlobalId('User', textOf(row, 'id')) }),
    name: t.string({ nullable: false, resolve: (row) => textOf(row, 'name') }),
    color: t.string({ nullable: false, resolve: (row) => textOf(row, 'color') }),
  }),
});

builder.objectField(TransactionType, 'actor', (t) =>
  t.field({
    type: Profile,
    nullable: true,
    description: 'Null for writes that did not come through the API.',
    resolve: ({ actorId }, _, { rows }) => (actorId === null ? null : rows.any(user, actorId)),
  }),
);
