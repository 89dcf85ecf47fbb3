/**
 * A message as graphql-ws is given it: parsed, where that can be done. It takes either (see its `parseMessage`), and what it is given
 * it keeps as long as the subscription lives: the text is more than all that the subscription needs of it.
 */
export function asMessage(text: string): string {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === 'object' ? (message as unknown as string) : text;
  } catch {
    return text; // It says why not.
  }
}
