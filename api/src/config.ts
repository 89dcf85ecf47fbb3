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
    min: 1,
    max: 1_000,
    unit: 'connections',
    doc: 'Connections that queries and mutations of one API process share.',
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
  TRANSACTION_MAX_BYTES: bytes({
    default: 64 * 2 ** 20,
    unit: 'bytes',
    doc: 'Rows of one transaction that the API holds to fold and judge it, roughly. Of a larger one subscriptions to its tables are told CURSOR_EXPIRED.',
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
  return readSettings(apiSettings, env, checkSharedSettings);
}
