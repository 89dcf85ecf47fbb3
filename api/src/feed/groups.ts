import { type Authority, asOfNow } from '../authority/authority.ts';
import type { Model } from '../model/model.ts';
import type { TurnEnd } from '../turn-end.ts';
import { anchorsOf } from './anchors.ts';
import type { CursorStanding, Cursors } from './cursor.ts';
import { type Follow, needsPeers } from './follow-request.ts';
import type { FrameBounds, FrameChange } from './frame.ts';
import { createGroupIndex, type GroupIndex } from './group-index.ts';
import { GroupLine } from './group-line.ts';
import type { Listener } from './listener.ts';
import { type ModelChange, modelChanges } from './model-changes.ts';
import { createPlacedFrame } from './shared-frame.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';
import { sizeOfFrame, transactionFrames } from './transaction-frames.ts';
import { tellChange, type View } from './view.ts';

/** The part of a live follower that is used here. */
export interface GroupMember {
  readonly request: Follow;
  /** To be told what the group of its standing is told: see {@link groupOf}. */
  listen(): Listener & { readonly standing: CursorStanding };
}

/** Where a transaction stands, for all who have come as far as the log. */
export interface GroupPlacing {
  readonly previous: LogPosition;
  readonly isNewest: boolean;
}

interface Dependencies {
  readonly cursors: Cursors;
  readonly bounds: FrameBounds;
  /** As everybody's directory says. */
  readonly authorityOf: (viewerId: string) => Authority;
  readonly atTurnEnd: TurnEnd;
}

interface Group<Member> {
  readonly key: string;
  readonly members: Map<Member, Listener>;
  readonly line: GroupLine;
  readonly views: readonly View[];
  /** Takes it out of the index. */
  forget(): void;
}

/** One view of a group, in the index of its table. */
interface Entry<Member> {
  readonly group: Group<Member>;
  readonly view: View;
}

/** What may concern a group: by view, in the order of the transaction. */
type Candidates = Map<View, ModelChange[]>;

/**
 * Live followers, in groups of those who are told the same: a transaction is judged once for each group that it may concern, and
 * its frames are made once.
 *
 * Whoever's authority a transaction changes must have left before it, is dealt with alone, and joins the group of those who
 * may read what he may then. So for all who are here it is the same before the transaction and after it.
 */
export function createGroups<Member extends GroupMember>({ cursors, bounds, authorityOf, atTurnEnd }: Dependencies) {
  const byKey = new Map<string, Group<Member>>();
  const groupByMember = new Map<Member, Group<Member>>();
  const byTable = new Map<string, { readonly model: Model; readonly index: GroupIndex<Entry<Member>> }>();
  const peopleGroups = new Set<Group<Member>>();

  function open(key: string, request: Follow): Group<Member> {
    const { views, viewerId } = request;
    const removals: (() => void)[] = [];
    const members = new Map<Member, Listener>();
    const group: Group<Member> = {
      key,
      members,
      line: new GroupLine({ [Symbol.iterator]: () => members.values() }, atTurnEnd),
      views,
      forget() {
        for (const remove of removals) remove();
        peopleGroups.delete(group);
        byKey.delete(key);
      },
    };
    for (const view of views) {
      const { table, policy } = view.model;
      const known = byTable.get(table) ?? { model: view.model, index: createGroupIndex<Entry<Member>>() };
      byTable.set(table, known);
      const anchors = anchorsOf(view.where, policy.read.where(authorityOf(viewerId)));
      removals.push(known.index.add(anchors, { group, view }));
    }
    if (needsPeers(request)) peopleGroups.add(group);
    byKey.set(key, group);
    return group;
  }

  function candidatesIn(transaction: LogTransaction): ReadonlyMap<Group<Member>, Candidates> {
    const found = new Map<Group<Member>, Candidates>();
    for (const table of transaction.changes.keys()) {
      const known = byTable.get(table);
      if (known === undefined || known.index.isEmpty) continue;
      for (const change of modelChanges(transaction, known.model))
        known.index.find(change, ({ group, view }) => listIn(mapIn(found, group), view).push(change));
    }
    return found;
  }

  function changesOf({ views }: Group<Member>, candidates: Candidates, authority: Authority): FrameChange[] {
    const told: FrameChange[] = [];
    for (const view of views)
      for (const change of candidates.get(view) ?? []) {
        const one = tellChange(view, change, authority);
        if (one !== null) told.push(one);
      }
    return told;
  }

  return {
    /** How many groups there are. */
    get size() {
      return byKey.size;
    },
    has: (member: Member): boolean => groupByMember.has(member),
    join(member: Member) {
      const listener = member.listen();
      const key = listener.standing.group;
      // Somebody may be too slow for it and go, and the group with the last of them.
      byKey.get(key)?.line.settle();
      const group = byKey.get(key) ?? open(key, member.request);
      group.members.set(member, listener);
      listener.line = group.line;
      groupByMember.set(member, group);
    },
    leave(member: Member) {
      const group = groupByMember.get(member);
      if (group === undefined) return;
      group.line.settle();
      const listener = group.members.get(member);
      if (listener === undefined) return; // It was too slow for that, and has left already.
      groupByMember.delete(member);
      group.members.delete(member);
      listener.line = null;
      listener.queue.leaveGroup();
      if (group.members.size === 0) group.forget();
    },
    /** Whose views depend on who else is a member. */
    *needingPeers(): Generator<Member> {
      for (const { members } of peopleGroups) yield* members.keys();
    },
    all: (): Iterable<Member> => groupByMember.keys(),
    /**
     * Tells every group what it is to be told of a transaction: its members hear of it by the end of this turn of the event loop, or
     * when what the frames load is there.
     *
     * @param placing  where the log stood before it, and whether nothing follows it yet.
     * @returns whether a member was told something.
     */
    tell(transaction: LogTransaction, placing: GroupPlacing): (member: Member) => boolean {
      const toldGroups = new Set<Group<Member>>();
      for (const [group, candidates] of candidatesIn(transaction)) {
        const [someone] = group.members.keys();
        if (someone === undefined) continue;
        const authority = authorityOf(someone.request.viewerId);
        const changes = changesOf(group, candidates, authority);
        if (changes.length === 0) continue;
        toldGroups.add(group);
        // It may be written later, when that one may read more and is with another group.
        const asTold = asOfNow(authority);
        const frames = transactionFrames(transaction, changes, { ...placing, alreadySent: 0 }, bounds).map(
          ({ told, place }, index) =>
            createPlacedFrame(cursors, {
              told,
              place,
              goesOn: index > 0,
              group: group.key,
              bytes: sizeOfFrame(told),
              authority: asTold,
            }),
        );
        group.line.tell(frames);
      }
      return (member) => {
        const group = groupByMember.get(member);
        return group !== undefined && toldGroups.has(group);
      };
    },
  };
}
export type Groups<Member extends GroupMember> = ReturnType<typeof createGroups<Member>>;

function mapIn<Key, Inner, Value>(maps: Map<Key, Map<Inner, Value>>, key: Key): Map<Inner, Value> {
  const known = maps.get(key);
  if (known !== undefined) return known;
  const map = new Map<Inner, Value>();
  maps.set(key, map);
  return map;
}

function listIn<Key, Item>(lists: Map<Key, Item[]>, key: Key): Item[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: Item[] = [];
  lists.set(key, list);
  return list;
}
