import type { GraphiQLOptions } from 'graphql-yoga';

/**
 * GraphiQL, served by us alone. Its page sends the headers of a tab along with queries and mutations, but opens the
 * socket of a subscription without them; ours signs in with `connection_init`, so they are handed to it, too. When the
 * socket is closed, the result says why: GraphiQL would try the same headers five times more, and then show nothing.
 *
 * @throws Error when an update of GraphiQL has changed a place where that is done. A test opens the page.
 */
export async function renderGraphiql(options?: GraphiQLOptions): Promise<string> {
  // The page is one very large text: loaded only where somebody opens it.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  return patches.reduce((page, [place, replacement]) => {
    const patched = page.replace(place, replacement);
    if (patched === page) throw new Error(`GraphiQL has changed: its subscriptions need ${replacement}`);
    return patched;
  }, renderGraphiQL(options));
}

const patches = [
  [
    /(?<before>extensions:\{headers:(?<headers>\w+\?\.headers))(?<after>\})/,
    '$<before>,connectionParams:$<headers>$<after>',
  ],
  [/(?<=,)on:\w+\.on\}\)/, 'retryAttempts:0,$&'],
  [/(?<=\.catch\((?<why>\w+)=>\{\w+\.error\()\k<why>(?=\)\})/, `(${readableClose})($&)`],
] as const;

/** Runs in the page, which shows what was thrown as JSON: nothing of a CloseEvent would be seen. */
function readableClose(why: unknown) {
  if (!(why instanceof CloseEvent)) return why;
  const remedy = why.code === 4403 ? ': sign in, and put the access token into Headers' : '';
  return { message: `The connection was closed with ${why.code} ${why.reason}`.trimEnd() + remedy };
}
