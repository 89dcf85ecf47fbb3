/** Migrations cannot go on; the message says why, and what to do about it. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}
