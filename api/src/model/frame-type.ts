import { changeOperations, type Frame, type FrameChange, type FrameTransaction } from '../feed/frame.ts';
import { builder } from './builder.ts';
import { writeGlobalId } from './global-id.ts';
import type { Model } from './model.ts';
import type { RowRef } from './object-type.ts';

export const ChangeOperationEnum = builder.enumType('ChangeOperation', { values: changeOperations });

/** Who wrote; its type, the public Profile, is the schema's to add. */
export const TransactionType = builder.objectRef<FrameTransaction>('Transaction').implement({
  fields: (t) => ({
    transactionId: t.id({
      nullable: false,
      description: 'Not `id`: a normalising cache would keep every one for ever.',
      resolve: ({ transactionId }) => transactionId,
    }),
    at: t.field({
      type: 'DateTime',
      nullable: false,
      description: 'When it wrote; the order of frames, not this clock, is the order of commits.',
      resolve: ({ at }) => at,
    }),
    mutationId: t.field({
      type: 'UUID',
      nullable: true,
      description: 'The client knows its own echo by it.',
      resolve: ({ mutationId }) => mutationId,
    }),
  }),
});

/** `TaskFrame` and `TaskChange`. */
export function addFrameType(model: Model, row: RowRef, image: RowRef) {
  const change = builder.objectRef<FrameChange>(`${model.frameName}Change`).implement({
    fields: (t) => ({
      operation: t.field({
        type: ChangeOperationEnum,
        nullable: false,
        description: 'As this viewer sees it: a row that enters the view is CREATED, one that leaves it is DELETED.',
        resolve: ({ operation }) => operation,
      }),
      key: t.id({
        nullable: false,
        description: "The row's id; not named `id`: a normalising cache would take the change for the row.",
        resolve: ({ key }) => writeGlobalId(model.name, key),
      }),
      row: t.field({
        type: row,
        nullable: true,
        description: 'Its own columns as of that commit; null when DELETED.',
        resolve: ({ row }) => row,
      }),
      previous: t.field({
        type: image,
        nullable: true,
        description: 'As this viewer last saw it; null when CREATED.',
        resolve: ({ previous }) => previous,
      }),
      changedFields: t.stringList({
        nullable: false,
        description: 'GraphQL names; empty unless UPDATED.',
        resolve: ({ changedFields }) => [...changedFields],
      }),
    }),
  });
  return builder.objectRef<Frame>(`${model.frameName}Frame`).implement({
    fields: (t) => ({
      cursor: t.field({ type: 'SyncCursor', nullable: false, resolve: (frame) => frame.cursor }),
      reset: t.boolean({
        nullable: false,
        description: 'Forget every row held so far, then apply.',
        resolve: ({ reset }) => reset,
      }),
      upToDate: t.boolean({
        nullable: false,
        description: 'After this frame the client holds everything the log has brought so far.',
        resolve: ({ upToDate }) => upToDate,
      }),
      transaction: t.field({
        type: TransactionType,
        nullable: true,
        description:
          'Null for the opening frame and for progress: frames without changes, sent after 30 s without another, that move the cursor of a quiet subscription on.',
        resolve: ({ transaction }) => transaction,
      }),
      changes: t.field({
        type: [change],
        nullable: false,
        description:
          'At most one for each row; only in a transaction too large for one frame may a later frame change a row again.',
        resolve: ({ changes }) => [...changes],
      }),
    }),
  });
}
