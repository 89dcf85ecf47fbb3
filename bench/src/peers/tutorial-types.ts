import type { Prisma, Task, User } from '@sync-hub/prisma/generated/client';

/**
 * What the plugin's generator would write about the two models that the tutorial's schema shows: by hand, since in the
 * product nobody needs the rest.
 *
 * @see https://pothos-graphql.dev/docs/plugins/prisma/setup
 */
export interface TutorialTypes {
  User: {
    Name: 'User';
    Shape: User;
    Include: Prisma.UserInclude;
    Select: Prisma.UserSelect;
    OrderBy: Prisma.UserOrderByWithRelationInput;
    WhereUnique: Prisma.UserWhereUniqueInput;
    Where: Prisma.UserWhereInput;
    Create: object;
    Update: object;
    RelationName: never;
    ListRelations: never;
    Relations: Record<never, never>;
  };
  Task: {
    Name: 'Task';
    Shape: Task;
    Include: Prisma.TaskInclude;
    Select: Prisma.TaskSelect;
    OrderBy: Prisma.TaskOrderByWithRelationInput;
    WhereUnique: Prisma.TaskWhereUniqueInput;
    Where: Prisma.TaskWhereInput;
    Create: object;
    Update: object;
    RelationName: 'assignee';
    ListRelations: never;
    Relations: { assignee: { Shape: User | null; Name: 'User'; Nullable: true } };
  };
}

const field = { kind: 'scalar', type: 'String', isRequired: true, isList: false, isUnique: false, isId: false };
const model = { primaryKey: null, uniqueIndexes: [] };

/** What the generator would write about them for run time: by what a row is found, and where relations lead. */
export const tutorialDatamodel = {
  models: {
    User: { ...model, fields: [{ ...field, name: 'id', isId: true }] },
    Task: {
      ...model,
      fields: [
        { ...field, name: 'id', isId: true },
        { ...field, name: 'assignee', kind: 'object', type: 'User', isRequired: false, relationName: 'assignee' },
      ],
    },
  },
} as const;
