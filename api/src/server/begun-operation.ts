/** Of one socket, as graphql-ws keeps them: by id, null until there is something to end. */
type Operations = Record<string, AsyncIterable<unknown> | null>;

/** An operation that has no answer yet. */
export interface BegunOperation {
  /** Until its client ends it, or its socket closes. */
  readonly isWanted: boolean;
  /** @returns what this gives; nothing ever, when the operation is not wanted by then. */
  whileWanted<Given>(giving: Given | Promise<Given>): Promise<Given>;
}

/**
 * Takes the operation's place among those of its socket, so that it is told when it is ended before it has begun.
 *
 * graphql-ws looks only whether the id is taken when there is an answer. By then it may be another operation's: this one's answer
 * would be told as that one's, and a subscription would be kept that nobody could end.
 */
export function beginOperation(operations: Operations, id: string): BegunOperation {
  let isWanted = true;
  const end = async () => {
    isWanted = false;
    return { value: undefined, done: true as const };
  };
  const place: AsyncIterableIterator<unknown> = { next: end, return: end, [Symbol.asyncIterator]: () => place };
  operations[id] = place;
  return {
    get isWanted() {
      return isWanted;
    },
    async whileWanted(giving) {
      const given = await giving;
      return isWanted ? given : new Promise<never>(() => {});
    },
  };
}
