import { bytes, integer, port } from '@sync-hub/runtime/setting-kinds';
import { readSettings, type SettingsOf } from '@sync-hub/runtime/settings';
import { checkSharedSettings, sharedSettings } from '@sync-hub/runtime/shared-settings';

export const listenerSettings = {
  ...sharedSettings,
  LISTENER_PORT: port({ default: 4001, doc: 'Port of the listener: /health/live, /health/ready, /metrics.' }),
  OUTBOX_POLL_MS: integer({
    default: 250,
    min: 10,
    max: 10_000,
    unit: 'milliseconds',
    doc: 'How often the listener looks for changes without having been nudged (NOTIFY): the longest delay when nudges are off or lost.',
  }),
  OUTBOX_KEEP_MINUTES: integer({
    default: 10,
    min: 1,
    max: 7 * 24 * 60,
    unit: 'minutes',
    doc: 'How long a change stays in the outbox after the stream has acknowledged it, to be sent again should the stream lose it.',
  }),
  RELAY_PIECE_BYTES: bytes({
    default: 2 ** 20,
    min: 2 ** 16,
    max: 64 * 2 ** 20,
    unit: 'bytes',
    doc: 'How much of a batch the listener reads, sends and has acknowledged at a time.',
  }),
};

export type ListenerSettings = SettingsOf<typeof listenerSettings>;

/** @throws SettingsError naming all that is wrong. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): ListenerSettings {
  return readSettings(listenerSettings, env, checkSharedSettings);
}
