/**
 * Faults to plant in the compiled product, each a mistake that its design warns of.
 *
 * `sign`: what proves that it was found, where a run may be red for another reason; `nemesis`: the kinds of fault that make it
 * matter, where those are rare among all (both are patterns); `seconds`: where it takes long.
 *
 * @type {{ name: string, stream: 'postgres' | 'kafka', sign?: string, nemesis?: string, seconds?: number, patches: { file: string, find: string, replace: string }[] }[]}
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
        file: 'api/dist/feed/take-transaction.js',
        find: 'tell(subscriber, transaction, look(authority), { previous, before, log });',
        replace:
          'for (let times = transaction.position.seq % 7 === 0 ? 2 : 1; times > 0; times--) tell(subscriber, transaction, look(authority), { previous, before, log });',
      },
    ],
  },
  {
    name: 'transactions of a batch are swapped',
    stream: 'postgres',
    patches: orderBy('last_id DESC'),
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
    sign: 'does not follow from the row before it',
    nemesis: 'listener', // What has piled up meanwhile comes in one batch.
    patches: orderBy('xid'),
  },
  {
    name: 'order by xid in the stream with Kafka',
    stream: 'kafka',
    sign: 'does not follow from the row before it',
    nemesis: 'listener', // What has piled up meanwhile comes in one batch.
    patches: orderBy('xid'),
  },
  {
    name: 'no fence on the batch',
    stream: 'kafka',
    sign: 'two batches have',
    nemesis: 'two listeners',
    patches: [
      {
        file: 'listener/dist/fence.js',
        find: 'held.batch = $1::bigint AND held.sent_seq = $2::bigint',
        replace: 'held.batch = (SELECT max(batch) FROM sync.batch) AND ($1::bigint, $2::bigint) IS NOT NULL',
      },
      {
        file: 'listener/dist/fence.js',
        find: 'WHERE relay.session = $3::uuid',
        replace: 'WHERE $3::uuid IS NOT NULL',
      },
      { file: 'listener/dist/transactions.js', find: 'Number(row.newest) !== held', replace: 'row.newest === null' },
      // Over the connection that the network has forgotten no answer comes: whoever waited for it would relay no more.
      { file: 'listener/dist/vigil.js', find: 'await awakeLock.take()', replace: 'awakeLock.take().catch(() => {})' },
      {
        file: 'listener/dist/vigil.js',
        find: 'await awakeLock.release()',
        replace: 'awakeLock.release().catch(() => {})',
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
        replace: "isPassed = true; return 'new';",
      },
    ],
  },
  {
    name: 'the snapshot filter ends at b + 2',
    stream: 'kafka',
    sign: 'its snapshot has',
    nemesis: 'slow standby|start anew',
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
        file: 'api/dist/feed/take-transaction.js',
        find: 'if (loss !== null)\n            return loss;',
        replace:
          'if (loss !== null) { tell(subscriber, transaction, look(authority), { previous, before, log }); return loss; }',
      },
    ],
  },
  {
    name: 'a transaction is judged record by record',
    stream: 'postgres',
    nemesis: 'clients offline', // Most of the time somebody follows who makes and loses workspaces.
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
        find: 'if (contents.authority !== fingerprint)',
        replace: 'if (fingerprint === null)',
      },
    ],
  },
  {
    name: 'no tag check on a cursor',
    stream: 'postgres',
    sign: 'older disk',
    nemesis: 'older disk back, written on', // No other faults, so that the run comes to this one.
    seconds: 4,
    patches: [
      { file: 'api/dist/feed/ring.js', find: ' || at.tag !== place.tag', replace: '' },
      { file: 'api/dist/feed/replay.js', find: ' || own.tag !== place.tag', replace: '' },
    ],
  },
  {
    name: 'the seek is forgotten after a re-join',
    stream: 'kafka',
    sign: 'missed records that the stream has',
    // Kafka gives the partition anew to a reader that was away for longer than its session: 10 s.
    nemesis: 'stop api|black hole api-kafka',
    seconds: 80,
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

/** Of transactions, in the log. @param {string} order */
function orderBy(order) {
  return [
    { file: 'listener/dist/transactions.js', find: 'ORDER BY last_id)', replace: `ORDER BY ${order})` },
    { file: 'listener/dist/outbox-rows.js', find: 'ORDER BY t.last_id, o.id', replace: `ORDER BY t.${order}, o.id` },
    // Small batches, at once or by a statement of their own.
    ...['records-at-once', 'small-batch'].map((name) => ({
      file: `listener/dist/${name}.js`,
      find: 'ORDER BY ids.last_id, o.id',
      replace: `ORDER BY ${order === 'xid' ? 'o.xid' : `ids.${order}`}, o.id`,
    })),
  ];
}
