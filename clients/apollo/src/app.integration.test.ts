import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { shows } from '@sync-hub/sdk/testing/app-page';
import { describeApp } from '@sync-hub/sdk/testing/describe-app';
import type { Page } from 'playwright-core';

describeApp('the Apollo app', fileURLToPath(new URL('..', import.meta.url)), (app) => {
  test('holds each task once in its cache, as it is now, not as it was before the change', async () => {
    const { open, team } = app();
    const page = await open(team.grace.email);
    const id = await team.createTask('Before');
    await shows(page, 'To do', 'Before');
    await team.updateTask({ id, title: 'After', status: 'DOING' });
    await shows(page, 'Doing', 'After');
    const cache = await readCache(page);
    expect(cache[`Task:${id}`]).toMatchObject({ title: 'After', status: 'DOING', version: 2 });
    expect(Object.keys(cache).filter((key) => /^Task/.test(key))).toEqual([`Task:${id}`]);
    expect(JSON.stringify(cache['ROOT_SUBSCRIPTION'])).toContain('"title":"Before"'); // `previous` came, and went nowhere else
  });
});

async function readCache(page: Page): Promise<Record<string, unknown>> {
  return await page.evaluate('__APOLLO_CLIENT__.cache.extract()');
}
