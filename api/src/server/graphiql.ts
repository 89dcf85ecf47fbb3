import type { GraphiQLOptions } from 'graphql-yoga';

/**
 * GraphiQL, served by us alone. Its page sends the headers of a tab along with queries and mutations, but opens the
 * socket of a subscription without them; ours signs in with `connection_init`, so they are handed to it, too.
 *
 * @throws Error when an update of GraphiQL has changed the place where that is done. A test opens the page.
 */
export async function renderGraphiql(options?: GraphiQLOptions): Promise<string> {
  // The page is one very large text: loaded only where somebody opens it.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const page = renderGraphiQL(options);
  const patched = page.replace(headersOfOperation, '$<before>,connectionParams:$<headers>$<after>');
  if (patched === page) throw new Error('GraphiQL has changed: its subscriptions would not be signed in');
  return patched;
}

const headersOfOperation = /(?<before>extensions:\{headers:(?<headers>\w+\?\.headers))(?<after>\})/;
