/** Far above what the product itself can send; each costs every connection some 10 KB on the server. */
const MAX_NAMES = 500;

/** Longer texts come of long lists or deep filters, and rarely come again. */
const MAX_TEXT_LENGTH = 10_000;

/**
 * Names under which statements are prepared: the same text always has the same name.
 *
 * A connection keeps what it has prepared for ever, and a caller's filters make ever new texts. So only so many get a
 * name; the rest get '', which Postgres parses anew each time.
 */
export function createStatementNames(maxNames = MAX_NAMES): (sql: string) => string {
  const names = new Map<string, string>();
  return (sql) => {
    const known = names.get(sql);
    if (known !== undefined) return known;
    if (names.size >= maxNames || sql.length > MAX_TEXT_LENGTH) return '';
    const name = `s${names.size}`;
    names.set(sql, name);
    return name;
  };
}
