import { describe, expect, test } from '@jest/globals';
import { joined, left, memberRow } from '../feed/testing/start-feed.ts';
import { transactionOf } from '../feed/testing/transaction-of.ts';
import { createDirectory } from './directory.ts';
import type { MemberRow } from './member-row.ts';

describe('a fingerprint of the members of a workspace', () => {
  const directoryOf = (...members: MemberRow[]) => createDirectory({ members, adminIds: [] });
  const [ada, bob, eve, other] = [
    memberRow('ada', 'home'),
    memberRow('bob', 'home'),
    memberRow('eve', 'home'),
    memberRow('eve', 'elsewhere'),
  ];
  const promoted = { ...bob, version: 2, role: 'OWNER' as const };
  const promotion = { table: 'members', key: bob.id, before: { ...bob }, after: { ...promoted } };

  test('is the same whether a directory was read or has moved with the log, and whomever else it knows', () => {
    const moved = directoryOf(ada, bob, other);
    expect(moved.fingerprintOf('ada', true)).toBe(directoryOf(bob, ada).fingerprintOf('ada', true));
    const steps = [
      { changes: [joined('eve', 'home')], members: [eve, bob, ada] },
      { changes: [promotion], members: [eve, promoted, ada] },
      { changes: [left('eve', 'home')], members: [promoted, ada] },
      { changes: [joined('bob', 'elsewhere')], members: [promoted, ada] },
    ];
    const met = new Set<string>();
    for (const { changes, members } of steps) {
      moved.apply(transactionOf('members', changes));
      const print = moved.fingerprintOf('ada', true);
      expect(print).toBe(directoryOf(...members).fingerprintOf('ada', true));
      met.add(print);
    }
    expect(met.size).toBe(3);
    const adopting = directoryOf(ada);
    adopting.fingerprintOf('ada', true);
    adopting.adopt([promoted]);
    expect(adopting.fingerprintOf('ada', true)).toBe(moved.fingerprintOf('ada', true));
  });

  test('is made once for all of them, and again when one of them changes', () => {
    let looks = 0;
    const crowd = Array.from({ length: 50 }, (_, n): MemberRow => {
      const { role, ...rest } = memberRow(`u${n}`, 'home');
      return {
        ...rest,
        get role() {
          looks += 1;
          return role;
        },
      };
    });
    const directory = directoryOf(...crowd);
    const askForAll = () => {
      looks = 0;
      for (const { user_id } of crowd) directory.fingerprintOf(user_id, true);
      return looks;
    };
    // Each row as one of all, and as its viewer's own.
    expect(askForAll()).toBeLessThanOrEqual(100);
    expect(askForAll()).toBeLessThanOrEqual(50);
    directory.apply(transactionOf('members', [joined('ada', 'home')]));
    expect(askForAll()).toBeLessThanOrEqual(100);
  });
});
