import { waitFor } from '@sync-hub/dev/wait-for';

/** As the relay does: an unknown outcome is answered by the same records. */
export async function untilAcknowledged(publish: () => Promise<void>): Promise<void> {
  await waitFor(() => publish().then(() => true), { what: 'an acknowledgement', timeoutMs: 60_000 });
}
