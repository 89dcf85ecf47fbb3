import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { launchBrowser } from '@sync-hub/dev/test-browser';
import { waitFor } from '@sync-hub/dev/wait-for';
import { CreateTaskDocument } from '@sync-hub/sdk/generated/graphql';
import type { Browser, Page } from 'playwright-core';
import { createWorkspace, type Person, signUp } from './person.ts';

let hub: Hub;
let ada: Person;
let browser: Browser;

beforeAll(async () => {
  [hub, browser] = await Promise.all([startHub(), launchBrowser()]);
  // The example operations sign in as the demo's Ada.
  ada = await signUp(hub.urls[0] ?? '', 'Ada', 'correct horse battery staple');
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await hub?.close();
});

test('GraphiQL, served by us alone, signs in, asks and follows changes as they come', async () => {
  const page = await browser.newPage();
  const foreign: string[] = [];
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(hub.urls[0] ?? ''))
      foreign.push(request.url());
  });
  await page.goto(`${hub.urls[0]}/`);

  await openTab(page, 'SignIn');
  await run(page);
  await result(page, 'accessToken');

  await openTab(page, 'TaskChanges');
  await pasteToken(page, ada.accessToken);
  await run(page);
  await result(page, 'upToDate');
  const input = { workspaceId: await createWorkspace(ada), title: 'MadeElsewhere' };
  await ada.request(CreateTaskDocument, { input });
  await result(page, 'MadeElsewhere');
  expect(foreign).toEqual([]);
}, 60_000);

test('GraphiQL says at once why a subscription is not signed in', async () => {
  const page = await browser.newPage();
  await page.goto(`${hub.urls[0]}/`);
  await openTab(page, 'TaskChanges');
  await pasteToken(page, 'NotOurs');
  await run(page);
  await result(page, '4403');
  await result(page, 'UNAUTHENTICATED:');
}, 60_000);

/** A click is lost while GraphiQL still takes in the last result. */
async function openTab(page: Page, name: string) {
  const tab = page.locator('.graphiql-tab', { hasText: name });
  await waitFor(
    async () => {
      await tab.locator('.graphiql-tab-button').click();
      return (await tab.getAttribute('class'))?.includes('graphiql-tab-active');
    },
    { what: `the tab ${name}` },
  );
}

async function run(page: Page) {
  await page.locator('.graphiql-execute-button').click();
}

/** @param text  without spaces: the editor shows others than it was given. */
async function result(page: Page, text: string) {
  await page.locator('.result-window', { hasText: text }).waitFor({ timeout: 15_000 });
}

/** As a person would: the headers say `{ "Authorization": "Bearer " }`, and the token is pasted before the last quote. */
async function pasteToken(page: Page, token: string) {
  await page.getByRole('button', { name: 'Headers' }).click();
  await page.locator('.graphiql-editor-tool .monaco-editor >> visible=true').first().click();
  await page.keyboard.press('End');
  for (const _ of '" }') await page.keyboard.press('ArrowLeft');
  await page.keyboard.insertText(token);
  // GraphiQL takes them over a moment later, and then keeps them.
  const kept = (pasted: string) => Object.values(localStorage).some((text) => String(text).includes(pasted));
  await page.waitForFunction(kept, token);
}
