import { describe, expect, test } from '@jest/globals';
import { createDirectory } from '../authority/directory.ts';
import type { Model } from '../model/model.ts';
import { comment } from '../schema/comment.ts';
import { session } from '../schema/session.ts';
import { task } from '../schema/task.ts';
import { user } from '../schema/user.ts';
import type { Follow } from './follow-request.ts';
import { changeOperations } from './frame.ts';
import { groupOf } from './group-key.ts';
import { memberRow } from './testing/start-feed.ts';

const directory = createDirectory({
  members: [
    memberRow('ada', 'home'),
    memberRow('ada', 'work'),
    memberRow('bob', 'work'),
    memberRow('bob', 'home'),
    memberRow('eve', 'home'),
  ],
  adminIds: ['root', 'admin'],
});

interface Asked extends Partial<Omit<Follow, 'views' | 'selection'>> {
  readonly model?: Model;
  readonly responseName?: string;
  readonly loads?: readonly Model[];
  readonly isPersonal?: boolean;
}

function groupFor(viewerId: string, asked: Asked = {}): string {
  const { model = task, responseName = 'watchTasks', loads = [], isPersonal = false, ...request } = asked;
  return groupOf(
    {
      kind: 'rows',
      views: [{ model, matches: () => true, where: {}, operations: new Set(changeOperations) }],
      viewerId,
      sessionId: `session-of-${viewerId}`,
      expiresAt: new Date(0),
      question: 'what was asked',
      workspaceId: null,
      selection: { responseName, models: loads, isPersonal },
      ...request,
    },
    directory.authorityOf(viewerId),
  );
}

describe('a group', () => {
  test('is of all who ask alike and are in the same workspaces, in whichever order they came there', () => {
    expect(groupFor('bob')).toBe(groupFor('ada'));
  });

  test.each<[string, Asked]>([
    ['a question', { question: 'something else' }],
    ['a kind', { kind: 'changes' }],
    ['a name of the field in the answer', { responseName: 'board' }],
  ])('is of one %s', (_, asked) => {
    expect(groupFor('ada', asked)).not.toBe(groupFor('ada'));
  });

  test('is not of who is in other workspaces', () => {
    expect(groupFor('eve')).not.toBe(groupFor('ada'));
    expect(groupFor('stranger')).not.toBe(groupFor('eve'));
  });

  test('of one workspace is of all its members, whatever else they are members of, and of nobody else', () => {
    const ofHome = { workspaceId: 'home' };
    expect(groupFor('eve', ofHome)).toBe(groupFor('ada', ofHome));
    expect(groupFor('stranger', ofHome)).not.toBe(groupFor('ada', ofHome));
  });

  test('that loads other rows is of those who may read the same of them', () => {
    const asked = { workspaceId: 'home', loads: [comment] };
    expect(groupFor('bob', asked)).toBe(groupFor('ada', asked));
    expect(groupFor('eve', asked)).not.toBe(groupFor('ada', asked));
  });

  test('is its viewer’s alone where rows or fields are, but for those who may read all', () => {
    for (const model of [user, session]) {
      expect(groupFor('bob', { model })).not.toBe(groupFor('ada', { model }));
      expect(groupFor('admin', { model })).toBe(groupFor('root', { model }));
    }
  });

  test('is of one session where a field knows the session, also for those who may read all', () => {
    const asked = { model: session, isPersonal: true };
    expect(groupFor('root', asked)).toBe(groupFor('root', asked));
    expect(groupFor('admin', asked)).not.toBe(groupFor('root', asked));
    expect(groupFor('root', { ...asked, sessionId: 'on another device' })).not.toBe(groupFor('root', asked));
  });

  test('tells a question from a name that is chosen to look like it', () => {
    const asked = { model: session, isPersonal: true };
    expect(groupFor('root', { ...asked, question: 'b', responseName: 'a' })).not.toBe(
      groupFor('root', { ...asked, question: 'a', responseName: 'b' }),
    );
  });
});
