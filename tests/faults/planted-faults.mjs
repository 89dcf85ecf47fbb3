/**
 * Faults to plant in the compiled product, each a mistake that its design warns of.
 *
 * @type {{ name: string, stream: 'postgres' | 'kafka', patches: { file: string, find: string, replace: string }[] }[]}
 */
export const plantedFaults = [
  {
    name: 'one record is dropped',
    stream: 'postgres',
    patches: [
      {
        file: 'api/dist/feed/transaction.js',
        find: "    for (const record of records) {\n        if (record.kind === 'heartbeat')\n            continue;",
        replace:
          "    for (const record of records) {\n        if (record.kind === 'heartbeat' || record.seq % 97 === 0)\n            continue;",
      },
    ],
  },
  {
    name: 'one transaction is repeated',
    stream: 'postgres',
    patches: [
      {
        file: 'api/dist/feed/follower.js',
        find: 'teller.transaction(transaction, told, { previous, isNewest, alreadySent });',
        replace:
          'teller.transaction(transaction, told, { previous, isNewest, alreadySent }); if (transaction.position.seq % 7 === 0) teller.transaction(transaction, told, { previous, isNewest, alreadySent });',
      },
    ],
  },
  {
    name: 'transactions of a batch are swapped',
    stream: 'postgres',
    patches: [{ file: 'listener/dist/transactions.js', find: 'ORDER BY last_id)', replace: 'ORDER BY last_id DESC)' }],
  },
  {
    name: 'no policy on DELETE',
    stream: 'postgres',
    patches: [
      {
        file: 'api/dist/feed/view.js',
        find: 'seenBefore: seenRow(view, authority, change.before),',
        replace:
          'seenBefore: change.after === null && view.matches(change.before) ? readableRow(view.model, authority, change.before) : seenRow(view, authority, change.before),',
      },
    ],
  },
  {
    name: 'order by xid',
    stream: 'postgres',
    patches: [{ file: 'listener/dist/transactions.js', find: 'ORDER BY last_id)', replace: 'ORDER BY xid)' }],
  },
  {
    name: 'order by xid in the stream with Kafka',
    stream: 'kafka',
    patches: [{ file: 'listener/dist/transactions.js', find: 'ORDER BY last_id)', replace: 'ORDER BY xid)' }],
  },
  {
    name: 'no fence on the batch',
    stream: 'kafka',
    patches: [
      {
        file: 'listener/dist/fence.js',
        find: '    AND relay.session = $3 AND relay.server_started_at = pg_postmaster_start_time()\n  ON CONFLICT (batch) DO NOTHING',
        replace:
          '    AND $3::uuid IS NOT NULL\n  ON CONFLICT (batch) DO UPDATE SET session = excluded.session, tag = excluded.tag, from_snapshot = excluded.from_snapshot, to_snapshot = excluded.to_snapshot, first_seq = excluded.first_seq, sent_seq = excluded.sent_seq',
      },
      {
        file: 'listener/dist/fence.js',
        find: 'FROM sync.relay_session WHERE session = $1',
        replace: 'FROM sync.relay_session WHERE $1::uuid IS NOT NULL',
      },
    ],
  },
  {
    name: 'the snapshot filter ends at the first change',
    stream: 'postgres',
    patches: [
      {
        file: 'api/dist/feed/start-filter.js',
        find: "return transaction.xid === null || snapshot.sees(transaction.xid) ? 'seen' : 'new';",
        replace: "if (transaction.xid === null) return 'seen'; isPassed = true; return 'new';",
      },
    ],
  },
  {
    name: 'the snapshot filter ends at b + 2',
    stream: 'postgres',
    patches: [{ file: 'api/dist/feed/start-filter.js', find: 'batch + 3', replace: 'batch + 2' }],
  },
  {
    name: 'the snapshot filter ends at b + 1',
    stream: 'postgres',
    patches: [{ file: 'api/dist/feed/start-filter.js', find: 'batch + 3', replace: 'batch + 1' }],
  },
  {
    name: 'records are sent during a reset',
    stream: 'postgres',
    patches: [
      {
        file: 'api/dist/feed/follower.js',
        find: 'return isRows ? mustReset : hasMissed;',
        replace: 'return isRows ? false : hasMissed;',
      },
    ],
  },
  {
    name: 'a transaction is judged record by record',
    stream: 'postgres',
    patches: [
      {
        file: 'api/dist/feed/view.js',
        find: '.map(({ view, change, seenBefore }) => viewChange(view, change, seenBefore, authorityAfter))',
        replace:
          '.map(({ view, change }) => viewChange(view, change, seenRow(view, authorityAfter, change.before), authorityAfter))',
      },
    ],
  },
  {
    name: 'rows are folded by the order of their records',
    stream: 'postgres',
    patches: [
      {
        file: 'api/dist/feed/fold.js',
        find: '    const before = unmatched(',
        replace:
          '    if (first !== undefined) return { key, before: first.before, after: links.at(-1).after };\n    const before = unmatched(',
      },
    ],
  },
  {
    name: 'authority is loaded "now" on resume',
    stream: 'postgres',
    patches: [
      {
        file: 'api/dist/feed/resume.js',
        find: 'return contents.authority === fingerprint && contents.shapes === now.shapes;',
        replace: 'return fingerprint !== null;',
      },
    ],
  },
  {
    name: 'the seek is forgotten after a re-join',
    stream: 'kafka',
    patches: [
      {
        file: 'stream/dist/kafka-partition.js',
        find: '                seek(nextOffset);',
        replace: '                if (!hasJoined) seek(nextOffset);\n                hasJoined = true;',
      },
      {
        file: 'stream/dist/kafka-partition.js',
        find: '    async function consumeOnce(',
        replace: '    let hasJoined = false;\n    async function consumeOnce(',
      },
      { file: 'stream/dist/kafka-consumer.js', find: 'fromBeginning: true', replace: 'fromBeginning: false' },
    ],
  },
];
