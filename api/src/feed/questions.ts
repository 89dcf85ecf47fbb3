import type { Question } from './follow-request.ts';

/**
 * What is asked by those who follow, kept once for all who ask the same: thousands have the same board open, and each brings
 * conditions of its own that say the same.
 */
export function createQuestions() {
  const byName = new Map<string, { readonly asked: Question; askers: number }>();

  /** The hash says all but how the answer is called. */
  const nameOf = ({ kind, question, selection }: Question) => `${kind} ${question} ${selection.responseName}`;

  return {
    /** The same question, as whoever asked first has put it. */
    alike: (asked: Question): Question => byName.get(nameOf(asked))?.asked ?? asked,
    add(asked: Question) {
      const known = byName.get(nameOf(asked));
      if (known === undefined) byName.set(nameOf(asked), { asked: withoutAsker(asked), askers: 1 });
      else known.askers += 1;
    },
    remove(asked: Question) {
      const known = byName.get(nameOf(asked));
      if (known === undefined) return;
      known.askers -= 1;
      if (known.askers === 0) byName.delete(nameOf(asked));
    },
  };
}

function withoutAsker({ kind, views, question, workspaceId, selection }: Question): Question {
  return { kind, views, question, workspaceId, selection };
}
