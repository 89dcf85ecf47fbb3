/** Something that several clients do again and again, each on a row of its own. */
export interface Load {
  /** Does it once, for the client of that number from 0 on. */
  act(client: number): Promise<void>;
  close(): Promise<void>;
}

/** Keeps every client busy for a while. @returns how many acts were done, per second. */
export async function measureThroughput(
  load: Load,
  { clients, durationMs }: { readonly clients: number; readonly durationMs: number },
): Promise<number> {
  const startedAtMs = performance.now();
  const endsAtMs = startedAtMs + durationMs;
  let done = 0;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      while (performance.now() < endsAtMs) {
        await load.act(client);
        done++;
      }
    }),
  );
  return (done / (performance.now() - startedAtMs)) * 1_000;
}
