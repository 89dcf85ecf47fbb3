import { describeSettings, type SettingsSpec } from '@sync-hub/runtime/settings';
import { sharedSettings } from '@sync-hub/runtime/shared-settings';
import { startSettings } from './start-settings.ts';

/** The text of `.env.example`: every setting of every process once, under the process that reads it. */
export function envExample({ listener, api }: { listener: SettingsSpec; api: SettingsSpec }): string {
  const sections = [
    {
      title:
        'The listener and the API both; give them the same values. npm start needs no DATABASE_URL: it brings a PostgreSQL.',
      spec: sharedSettings,
    },
    { title: 'The listener', spec: without(listener, sharedSettings) },
    { title: 'The API. In development npm start makes a JWT_SECRET and keeps it.', spec: without(api, sharedSettings) },
    { title: 'npm start', spec: without(startSettings, sharedSettings, listener, api) },
  ];
  const heading =
    '# Every setting of every process. npm start and docker compose read a copy of this file named .env; what the environment says wins.\n';
  return [heading, ...sections.flatMap(({ title, spec }) => [`# ── ${title} ──`, '', ...describeSettings(spec)])].join(
    '\n',
  );
}

function without(spec: SettingsSpec, ...others: readonly SettingsSpec[]): SettingsSpec {
  return Object.fromEntries(Object.entries(spec).filter(([name]) => !others.some((other) => name in other)));
}
