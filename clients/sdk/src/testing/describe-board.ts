import { expect, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import type { Locator, Page } from 'playwright-core';
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

  test('leaves the focus on a task that is moved by keyboard', async () => {
    const { open, team } = app();
    const page = await open(team.grace.email);
    await team.createTask('Move me');
    const status = page.getByLabel('Status of Move me');
    await status.focus();
    for (const [key, column] of [
      ['ArrowDown', 'Doing'],
      ['ArrowDown', 'Done'],
      ['ArrowUp', 'Doing'],
    ] as const) {
      await page.keyboard.press(key);
      await shows(page, column, 'Move me');
      expect(await hasFocus(status)).toBe(true);
    }
  });

  test('does not complain when a task is moved again while a move is under way', async () => {
    const { open, team } = app();
    const page = await open(team.grace.email);
    await team.createTask('Move me');
    let sent = 0;
    let answered = 0;
    await page.route('**/graphql', async (route) => {
      sent++;
      await waitFor(() => sent === 2, { what: 'the second move' });
      await route.fulfill({ response: await route.fetch() });
      answered++;
    });
    await page.getByLabel('Status of Move me').press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await waitFor(() => answered === 2, { what: 'both answers' });
    await team.createTask('Later'); // its frame comes after the answers were read
    await shows(page, 'To do', 'Later');
    await shows(page, 'Doing', 'Move me');
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  test('does not take the focus from where its user has gone meanwhile', async () => {
    const { open, team } = app();
    const page = await open(team.grace.email);
    const id = await team.createTask('Move me');
    await shows(page, 'To do', 'Move me');
    await page.getByLabel('Status of Move me').focus();
    const title = page.getByLabel('Title of a new task');
    await title.focus();
    await team.updateTask({ id, status: 'DONE' });
    await shows(page, 'Done', 'Move me');
    expect(await hasFocus(title)).toBe(true);
  });

  test('makes no task of blanks', async () => {
    const { open, team } = app();
    const page = await open(team.grace.email);
    const title = page.getByLabel('Title of a new task');
    await title.fill('   ');
    await page.getByRole('button', { name: 'Add' }).click();
    await title.fill('  Real  ');
    await page.getByRole('button', { name: 'Add' }).click();
    await shows(page, 'To do', 'Real');
    expect(await page.getByRole('article').allInnerTexts()).toEqual([expect.stringMatching(/^Real\n/)]);
  });

  test('can be read: its texts stand out from what is behind them', async () => {
    const { open, team } = app();
    const page = await open(team.grace.email);
    await team.createTask('Read me');
    await shows(page, 'To do', 'Read me');
    const pairs = [
      ['h2', 'section'],
      ['nav', ':root'],
      ['article select', 'article select'],
    ] as const;
    for (const [text, behind] of pairs)
      expect(
        contrast(await color(page, text, 'color'), await color(page, behind, 'background-color')),
      ).toBeGreaterThanOrEqual(4.5);
  });
}

function hasFocus(locator: Locator): Promise<boolean> {
  return locator.evaluate((element) => element === document.activeElement);
}

/** Of two colours, as WCAG 2.2 has it: 1 to 21. */
function contrast(one: string, another: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(another)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** @param rgb  `rgb(r, g, b)`. @see https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(rgb: string): number {
  const [red = 0, green = 0, blue = 0] = (rgb.match(/\d+/g) ?? [])
    .map((channel) => Number(channel) / 255)
    .map((channel) => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function color(page: Page, selector: string, property: string): Promise<string> {
  return page
    .locator(selector)
    .first()
    .evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), property);
}
