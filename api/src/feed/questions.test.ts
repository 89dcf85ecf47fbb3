import { expect, test } from '@jest/globals';
import { task } from '../schema/task.ts';
import type { Follow } from './follow-request.ts';
import { changeOperations } from './frame.ts';
import { createQuestions } from './questions.ts';

function asking(viewerId: string, question: string): Follow {
  const view = { model: task, matches: () => true, where: {}, operations: new Set(changeOperations) };
  return {
    kind: 'rows',
    views: [view],
    question,
    workspaceId: null,
    selection: { responseName: 'watchTasks', models: [], isPersonal: false },
    viewerId,
    sessionId: `session of ${viewerId}`,
    expiresAt: new Date(0),
  };
}

test('whoever asks what somebody asks already shares the conditions, and is nobody else for that', () => {
  const questions = createQuestions();
  const ada = asking('ada', 'q');
  questions.add(ada);
  const bob = { ...asking('bob', 'q'), ...questions.alike(asking('bob', 'q')) };
  expect(bob.views).toBe(ada.views);
  expect([bob.viewerId, bob.sessionId]).toEqual(['bob', 'session of bob']);
  const other = asking('bob', 'another');
  expect(questions.alike(other)).toBe(other);
});

test('a question is forgotten with the last who asks it', () => {
  const questions = createQuestions();
  const [ada, bob, eve] = [asking('ada', 'q'), asking('bob', 'q'), asking('eve', 'q')];
  questions.add(ada);
  questions.add(bob);
  questions.remove(ada);
  expect(questions.alike(eve).views).toBe(ada.views);
  questions.remove(bob);
  expect(questions.alike(eve)).toBe(eve);
});
