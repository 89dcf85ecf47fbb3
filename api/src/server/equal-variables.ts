import { type DocumentNode, getOperationAST } from 'graphql';
import { createBoundedMemo } from '../bounded-memo.ts';

type Variables = Readonly<Record<string, unknown>> | null | undefined;

interface Asked {
  readonly document: DocumentNode;
  readonly operationName: string | null | undefined;
}

/** Of one subscription, as text. */
const maxLength = 2 ** 10;
const maxKept = 100;

/**
 * The variables of subscriptions, as one object for all who have sent equal ones of late: each keeps them for as long as it
 * lives, and thousands have the same board open. Those of queries and mutations are not kept: a password may be among them.
 */
export function createEqualVariables() {
  const kept = createBoundedMemo<string, Variables>(maxKept);

  return (variables: Variables, { document, operationName }: Asked): Variables => {
    if (getOperationAST(document, operationName)?.operation !== 'subscription') return variables;
    const text = JSON.stringify(variables);
    if (text === undefined || text.length > maxLength) return variables;
    return kept(text, () => variables);
  };
}
