import type { InterfaceRef } from '@pothos/core';
import { changeOperations, type Frame, type FrameChange, type FrameTransaction } from '../feed/frame.ts';
import { builder, type Types } from './builder.ts';
import { writeGlobalId } from './global-id.ts';
import type { RowRef } from './object-type.ts';
import type { Row } from './row.ts';

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
      description:
        'When it wrote, by the clock. What came before what is said by the order of frames, not by this clock.',
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

/** A type, or an interface, of rows. */
type RowType = RowRef | InterfaceRef<Types, Row>;

/** `<name>Frame` and `<name>Change`, of rows of one model or of several. */
export function addFrameType(name: string, row: RowType, image: RowType) {
  const change = builder.objectRef<FrameChange>(`${name}Change`).implement({
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
        resolve: ({ model, key }) => writeGlobalId(model.name, key),
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
  return builder.objectRef<Frame>(`${name}Frame`).implement({
    fields: (t) => ({
      cursor: t.field({ type: 'SyncCursor', nullable: false, resolve: (frame) => frame.cursor }),
      reset: t.boolean({
        nullable: false,
        description: 'Forget every row held so far, then apply.',
        resolve: ({ reset }) => reset,
      }),
      upToDate: t.boolean({
        nullable: false,
        description:
          'After this frame the client holds everything the log has brought so far. A frame with false, without changes and transaction: what is on screen may be old; one with true follows when the log goes on.',
        resolve: ({ upToDate }) => upToDate,
      }),
      transaction: t.field({
        type: TransactionType,
        nullable: true,
        description:
          'Null for a snapshot, and for progress: a frame without changes, sent after 30 s without another, that moves the cursor of a quiet subscription on.',
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
