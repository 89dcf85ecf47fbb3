import { expect, test } from '@jest/globals';
import { shows } from './app-page.ts';
import type { AppUnderTest } from './describe-app.ts';

/** What an example app promises to whoever uses its board. */
export function describeBoard(app: () => AppUnderTest) {
  test('adds a task once when an answer was lost and Add is pressed again, and says that this is safe', async () => {
    const { open, team } = app();
    const page = await open(team.grace.email);
    await page.route('**/graphql', async (route) => {
      if (!route.request().postData()?.includes('mutation CreateTask')) return await route.fallback();
      await route.fetch();
      await route.abort('connectionreset');
    });
    await page.getByLabel('Title of a new task').fill('Pay the invoice');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByRole('alert').filter({ hasText: 'Press Add again' }).waitFor();
    await shows(page, 'To do', 'Pay the invoice');
    expect(await page.getByLabel('Title of a new task').inputValue()).toBe('Pay the invoice');

    await page.unroute('**/graphql');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await team.createTask('Later'); // a second one would come before it
    await shows(page, 'To do', 'Later');
    expect(await page.getByRole('article').filter({ hasText: 'Pay the invoice' }).count()).toBe(1);
  });
}
