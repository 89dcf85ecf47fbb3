import { bytes, integer, list, port } from '@sync-hub/runtime/setting-kinds';
import { readSettings, type SettingsOf } from '@sync-hub/runtime/settings';
import { checkSharedSettings, sharedSettings } from '@sync-hub/runtime/shared-settings';
import { authSettings } from './auth/auth-settings.ts';

export const apiSettings = {
  ...sharedSettings,
  ...authSettings,
  PORT: port({
    default: 4000,
    doc: 'Port of the API: /graphql (HTTP, WebSocket, GraphiQL), /health/live, /health/ready, /metrics.',
  }),
  DATABASE_MAX_CONNECTIONS: integer({
    default: 10,
    min: 2,
    max: 1_000,
    unit: 'connections',
    doc: 'Connections that queries, mutations and snapshots of one API process share.',
  }),
  CORS_ORIGINS: list({
    default: [],
    each: { form: /^(\*|https?:\/\/[^\s/]+)$/, name: 'an origin such as https://app.example.com' },
    doc: 'Origins of the pages that may call the API from a browser; * for all. In development all may when unset, in production none.',
  }),
  TRUSTED_PROXIES: integer({
    default: 0,
    min: 0,
    max: 10,
    unit: 'proxies',
    doc: 'Proxies of our own before the API: that many entries of X-Forwarded-For are believed, counted from the last.',
  }),
  BODY_MAX_BYTES: bytes({
    default: 2 ** 20,
    unit: 'bytes',
    doc: 'The largest HTTP request body; a larger one is PAYLOAD_TOO_LARGE.',
  }),
  MESSAGE_MAX_BYTES: bytes({
    default: 256 * 2 ** 10,
    unit: 'bytes',
    doc: 'The largest WebSocket message from a client; a larger one closes its socket with 1009.',
  }),
  FRAME_MAX_CHANGES: integer({
    default: 500,
    min: 1,
    max: 100_000,
    unit: 'changes',
    doc: 'Changes in one frame; a transaction with more is cut, and only its last frame is upToDate.',
  }),
  FRAME_MAX_BYTES: bytes({
    default: 256 * 2 ** 10,
    unit: 'bytes',
    doc: 'Rows in one frame, roughly; never less than one row.',
  }),
  SOCKET_MAX_SUBSCRIPTIONS: integer({
    default: 1_000,
    min: 1,
    max: 100_000,
    unit: 'subscriptions',
    doc: 'Subscriptions that one client may hold open over its socket; one more is TOO_MANY_SUBSCRIPTIONS.',
  }),
  SOCKET_MAX_PENDING_FRAMES: integer({
    default: 2_000,
    min: 1,
    max: 1_000_000,
    unit: 'frames',
    doc: 'Frames that a client may leave unread, over all its subscriptions; the one that is over it ends with SLOW_CONSUMER.',
  }),
  SOCKET_MAX_PENDING_BYTES: bytes({
    default: 4 * 2 ** 20,
    unit: 'bytes',
    doc: 'The same in bytes, roughly.',
  }),
  SUBSCRIPTION_MAX_PENDING_FRAMES: integer({
    default: 1_000,
    min: 1,
    max: 1_000_000,
    unit: 'frames',
    doc: 'Frames that a client may leave unread of one subscription; over it that subscription ends with SLOW_CONSUMER.',
  }),
  SUBSCRIPTION_MAX_PENDING_BYTES: bytes({
    default: 2 * 2 ** 20,
    unit: 'bytes',
    doc: 'The same in bytes, roughly.',
  }),
  SOCKET_HARD_MAX_BYTES: bytes({
    default: 16 * 2 ** 20,
    unit: 'bytes',
    doc: 'What a client leaves unread of all that was sent to its socket, answers included; over it the socket is cut.',
  }),
  SLOW_CONSUMER_SECONDS: integer({
    default: 30,
    min: 1,
    max: 3_600,
    unit: 'seconds',
    doc: 'A subscription with a snapshot or missed changes to send waits so long for a client that takes nothing, then ends with SLOW_CONSUMER.',
  }),
  RING_MAX_BYTES: bytes({
    default: 64 * 2 ** 20,
    unit: 'bytes',
    doc: 'The newest transactions that are held in memory for clients that come back, roughly; older ones are read from the stream.',
  }),
  RING_SECONDS: integer({
    default: 3_600,
    min: 1,
    max: 86_400,
    unit: 'seconds',
    doc: 'And for how long.',
  }),
  REPLAY_MAX_CONCURRENT: integer({
    default: 4,
    min: 1,
    max: 100,
    unit: 'readers',
    doc: 'Readers of the stream for clients that missed what memory has let go. Clients on the way of one share it; others wait their turn.',
  }),
  SNAPSHOT_MAX_CONCURRENT: integer({
    default: 4,
    min: 1,
    max: 100,
    unit: 'transactions',
    doc: 'Snapshots that are read from Postgres at the same time; others wait their turn. Each uses one of the connections, of which they must leave some.',
  }),
  SNAPSHOT_SECONDS: integer({
    default: 15,
    min: 1,
    max: 600,
    unit: 'seconds',
    doc: 'The longest transaction that reads a snapshot; one that takes longer is UNAVAILABLE.',
  }),
  SNAPSHOT_MAX_BYTES: bytes({
    default: 128 * 2 ** 20,
    unit: 'bytes',
    doc: 'Rows of snapshots that were read and not yet sent, compressed, over all clients. Those on their way for longest, and for SLOW_CONSUMER_SECONDS, give way to others with SLOW_CONSUMER; where there are none, one more is UNAVAILABLE.',
  }),
  TRANSACTION_MAX_BYTES: bytes({
    default: 64 * 2 ** 20,
    unit: 'bytes',
    doc: 'Rows of one transaction that the API holds to fold and judge it, roughly. After a larger one watches of its tables read their rows anew, changes end with CURSOR_EXPIRED.',
  }),
  PROGRESS_SECONDS: integer({
    default: 30,
    min: 1,
    max: 3_600,
    unit: 'seconds',
    doc: 'After so long without a frame a subscription is sent one without changes, so that its cursor moves on.',
  }),
};

export type ApiSettings = SettingsOf<typeof apiSettings>;

/** @throws SettingsError naming all that is wrong. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): ApiSettings {
  return readSettings(apiSettings, env, (settings) => [
    ...checkSharedSettings(settings),
    ...checkApiSettings(settings),
  ]);
}

function checkApiSettings(settings: ApiSettings): readonly string[] {
  const problems: string[] = [];
  if (settings.SNAPSHOT_MAX_CONCURRENT >= settings.DATABASE_MAX_CONNECTIONS)
    problems.push(
      `SNAPSHOT_MAX_CONCURRENT must be below DATABASE_MAX_CONNECTIONS, not ${settings.SNAPSHOT_MAX_CONCURRENT} of ${settings.DATABASE_MAX_CONNECTIONS}: snapshots would leave no connection for anything else`,
    );
  for (const unit of ['FRAMES', 'BYTES'] as const) {
    const [one, all] = [settings[`SUBSCRIPTION_MAX_PENDING_${unit}`], settings[`SOCKET_MAX_PENDING_${unit}`]];
    if (one > all)
      problems.push(
        `SUBSCRIPTION_MAX_PENDING_${unit} must not be above SOCKET_MAX_PENDING_${unit}, not ${one} of ${all}: a single subscription would never come to its own limit`,
      );
  }
  return problems;
}
