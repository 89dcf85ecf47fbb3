import { describe, expect, jest, test } from '@jest/globals';
import { createDelivery } from './delivery.ts';
import { collect } from './testing/collect.ts';
import { record, records } from './testing/records.ts';
import { silentLog } from './testing/silent-log.ts';

const at = (seq: number) => ({ epoch: 1, seq });

async function deliverAll(delivery: ReturnType<typeof createDelivery>, values: readonly { value: string }[]) {
  for (const { value } of values) {
    const arrival = delivery.examine(value);
    if (arrival.standing === 'unreadable') delivery.tellUnreadable(arrival.error);
    else if (arrival.standing === 'seen') delivery.drop(arrival.record);
    else await delivery.deliver(arrival.record);
  }
}

test('after a position the first record is the one that follows it', async () => {
  const sink = collect();
  const delivery = createDelivery({ from: at(2), sink, log: silentLog });
  await deliverAll(delivery, records(1, 4));
  expect(sink.told).toEqual(['1/3', '1/4']);
  expect(delivery.position()).toEqual(at(4));
});

test('a gap is told before the record that shows it', async () => {
  const sink = collect();
  await deliverAll(createDelivery({ from: at(2), sink, log: silentLog }), [record(5)]);
  expect(sink.told).toEqual(['gap 1/2 → 1/5', '1/5']);
});

test('a tombstone cannot be read', () => {
  const delivery = createDelivery({ from: null, sink: collect(), log: silentLog });
  expect(delivery.examine(null).standing).toBe('unreadable');
});

test('the last record met again under another tag is another history: a gap, and what follows is taken', async () => {
  const sink = collect();
  const delivery = createDelivery({ from: null, sink, log: silentLog });
  await deliverAll(delivery, [...records(1, 3), ...records(2, 4, { tag: 'tag-2' }), record(3)]);
  expect(sink.told).toEqual(['1/1', '1/2', '1/3', 'gap 1/3 → 1/4', '1/4']);
  expect(sink.repeats).toEqual(['1/2', '1/3']);
});

describe('a sink that fails', () => {
  test('is logged with the place, whichever of its calls it was, and the next record comes', async () => {
    const error = jest.fn();
    const fail = () => {
      throw new Error('sink');
    };
    const delivery = createDelivery({
      from: at(1),
      sink: { record: fail, gap: fail, unreadable: fail, repeated: fail },
      log: { ...silentLog, error },
    });
    await deliverAll(delivery, [record(5), { value: '' }, record(5), record(6)]);
    expect(error).toHaveBeenCalledTimes(5);
    expect(error).toHaveBeenLastCalledWith({ err: new Error('sink'), position: at(6) }, expect.any(String));
    expect(delivery.position()).toEqual(at(6));
  });
});

describe('closing', () => {
  test('during a gap keeps the record after it from the sink', async () => {
    const sink = collect();
    const delivery = createDelivery({ from: at(1), sink: { ...sink, gap: () => delivery.close() }, log: silentLog });
    await deliverAll(delivery, [record(5), { value: '' }, record(1)]);
    expect([...sink.told, ...sink.repeats]).toEqual([]);
  });

  test('lets a delivery go that the sink will never end', async () => {
    const sink = collect(() => new Promise(() => {}));
    const delivery = createDelivery({ from: null, sink, log: silentLog });
    const delivering = deliverAll(delivery, records(1, 2));
    delivery.close();
    await delivering;
    expect(sink.told).toEqual(['1/1']);
  });
});
