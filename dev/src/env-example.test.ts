import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { apiSettings } from '@sync-hub/api/config';
import { listenerSettings } from '@sync-hub/listener/config';
import type { SettingsSpec } from '@sync-hub/runtime/settings';
import { envExample } from './env-example.ts';
import { startSettings } from './start-settings.ts';

const committed = () => readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');

test('.env.example is what the processes read: write it anew with npm run env-example', () => {
  expect(committed()).toBe(envExample({ listener: listenerSettings, api: apiSettings }));
});

test('.env.example names each setting once', () => {
  const names = [...committed().matchAll(/^#?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name);
  expect(names).toEqual([...new Set(names)]);
  expect(new Set(names)).toEqual(new Set(Object.keys({ ...listenerSettings, ...apiSettings, ...startSettings })));
});

test('one variable means the same to every process that reads it', () => {
  const defaults = (spec: SettingsSpec) =>
    Object.fromEntries(
      Object.entries(spec).flatMap(([name, { fallback }]) => (fallback?.text ? [[name, fallback.text]] : [])),
    );
  const all = [listenerSettings, apiSettings, startSettings].map(defaults);
  for (const one of all) for (const other of all) expect({ ...one, ...other }).toEqual({ ...other, ...one });
});
