import type { Page } from 'playwright-core';
import type { Tokens } from '../session.ts';

export async function signIn(page: Page, email: string, password: string) {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

export function isLive(page: Page) {
  return page.getByRole('status').getByText('live', { exact: true }).waitFor();
}

export function isNotLive(page: Page) {
  return page.getByRole('status').getByText('not live').waitFor();
}

/** Waits until a column shows a task. */
export function shows(page: Page, column: string, title: string) {
  return page.getByRole('region', { name: column }).getByRole('article').filter({ hasText: title }).waitFor();
}

/** Mounts the app once more, below itself, on the same client. */
export async function mountAgain(page: Page) {
  await page.evaluate(async () => {
    document.getElementById('root')?.removeAttribute('id');
    document.body.appendChild(document.createElement('div')).id = 'root';
    const { src } = document.querySelector<HTMLScriptElement>('script[type=module]') ?? { src: '' };
    await import(`${src}#again`); // another address, so another instance
  });
}

export async function storedTokens(page: Page): Promise<Tokens> {
  return JSON.parse(await page.evaluate(() => sessionStorage.getItem('tokens') ?? 'null'));
}
