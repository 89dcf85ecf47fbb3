import pg from 'pg';

/** A connection that tells its loss to whoever asks it something next, and to nobody before. */
export async function connect(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client(databaseUrl);
  // Without a listener this event would end the process, in place of the error that closed the server.
  client.on('error', () => {});
  await client.connect();
  return client;
}
