import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { launchBrowser } from '@sync-hub/dev/test-browser';
import { waitFor } from '@sync-hub/dev/wait-for';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Tokens } from '../session.ts';
import { isLive, isNotLive, mountAgain, shows, signIn, storedTokens } from './app-page.ts';
import { describeBoard } from './describe-board.ts';
import { withExpiry } from './expiring-token.ts';
import { type Front, startFront } from './front.ts';
import { createTeam, type Team } from './team.ts';

/** What tests of an example app have at hand. */
export interface AppUnderTest {
  readonly team: Team;
  /** What stands between the page and the hub. */
  readonly front: Front;
  /** A page in a browser of its own, once it is live: signed in by e-mail with the form, or with tokens from earlier. */
  open(as: string | Tokens): Promise<Page>;
}

/**
 * What every example app promises, tried in a real browser: the page as `vite build` made it, before a real hub, on a network
 * that fails when told to.
 *
 * @param folder  of the workspace.
 * @param more    promises of this app alone; the app is there once they run.
 */
export function describeApp(name: string, folder: string, more: (app: () => AppUnderTest) => void = () => {}) {
  describe(name, () => {
    let hub: Hub;
    let front: Front;
    let browser: Browser;
    let team: Team;
    const contexts: BrowserContext[] = [];

    beforeAll(async () => {
      [hub, browser] = await Promise.all([startHub(), launchBrowser()]);
    }, 60_000);
    afterAll(async () => {
      await browser?.close();
      await hub?.close();
    });
    beforeEach(async () => {
      front = await startFront({ api: hub.urls[0] ?? '', page: (path) => readPage(join(folder, 'dist', path)) });
      team = await createTeam(`${hub.urls[0]}/graphql`);
    });
    afterEach(async () => {
      await Promise.all(contexts.splice(0).map((context) => context.close()));
      await front.close();
    });

    async function open(as: string | Tokens): Promise<Page> {
      const context = await browser.newContext();
      contexts.push(context);
      const page = await context.newPage();
      if (typeof as !== 'string')
        await page.addInitScript((tokens) => sessionStorage.setItem('tokens', tokens), JSON.stringify(as));
      await page.goto(front.url);
      if (typeof as === 'string') await signIn(page, as, team.password);
      await isLive(page);
      return page;
    }

    test('shows a task that somebody else adds or moves, without a refresh', async () => {
      const [ada, grace] = await Promise.all([open(team.ada.email), open(team.grace.email)]);
      await ada.getByLabel('Title of a new task').fill('Write the notes');
      await ada.getByRole('button', { name: 'Add' }).click();
      await shows(grace, 'To do', 'Write the notes');
      await grace.getByLabel('Status of Write the notes').selectOption('Doing');
      await shows(ada, 'Doing', 'Write the notes');
      await shows(grace, 'Doing', 'Write the notes');
      expect(await ada.getByRole('article').count()).toBe(1);
    });

    test('comes back after the network was gone, and shows what was written meanwhile', async () => {
      const page = await open(team.grace.email);
      await team.createTask('Before');
      await shows(page, 'To do', 'Before');
      const goOnline = front.goOffline();
      await isNotLive(page);
      await team.createTask('While away');
      goOnline();
      await shows(page, 'To do', 'While away');
      await isLive(page);
      await team.createTask('Afterwards');
      await shows(page, 'To do', 'Afterwards');
      expect(await page.getByRole('article').count()).toBe(3);
    });

    test('says when the log stands still, and when it goes on', async () => {
      const page = await open(team.grace.email);
      await hub.listener.stop();
      await team.createTask('Written while nothing flows');
      await isNotLive(page);
      await hub.restartListener();
      await shows(page, 'To do', 'Written while nothing flows');
      await isLive(page);
    });

    test('shows the same rows in a component that is mounted later', async () => {
      const page = await open(team.grace.email);
      await team.createTask('Before');
      await shows(page, 'To do', 'Before');
      await mountAgain(page);
      const bothShow = async (...titles: string[]) => {
        const boards = page.getByRole('main');
        for (const board of [boards.first(), boards.nth(1)]) {
          for (const title of titles) await board.getByRole('article').filter({ hasText: title }).waitFor();
          expect(await board.getByRole('article').count()).toBe(titles.length);
        }
      };
      await bothShow('Before');
      await team.createTask('Afterwards');
      await bothShow('Before', 'Afterwards');
      const goOnline = front.goOffline();
      await page.waitForFunction(() => document.querySelectorAll('[data-live=false]').length === 2);
      goOnline();
      await page.waitForFunction(() => document.querySelectorAll('[data-live=true]').length === 2);
    });

    test('goes on when its access token expires, and when it had expired before', async () => {
      const inASecond = withExpiry(team.ada.tokens().accessToken, new Date(Date.now() + 1_500));
      const page = await open({ ...team.ada.tokens(), accessToken: inASecond });
      await waitFor(async () => (await storedTokens(page)).accessToken !== inASecond, { what: 'a refresh' });
      await isLive(page);
      await team.createTask('After the expiry');
      await shows(page, 'To do', 'After the expiry');

      const later = await open({ ...(await storedTokens(page)), accessToken: inASecond });
      await shows(later, 'To do', 'After the expiry');
      await later.getByLabel('Title of a new task').fill('Written with a new token');
      await later.getByRole('button', { name: 'Add' }).click();
      await shows(page, 'To do', 'Written with a new token');
    });

    test('does not take a task back in time when the answer to a mutation is late', async () => {
      const page = await open(team.grace.email);
      const id = await team.createTask('Old');
      await shows(page, 'To do', 'Old');
      let letThrough = () => {};
      const held = new Promise<void>((resolve) => {
        letThrough = resolve;
      });
      await page.route('**/graphql', async (route) => {
        const response = await route.fetch();
        if (route.request().postData()?.includes('mutation UpdateTask')) await held;
        await route.fulfill({ response });
      });
      const answer = page.waitForResponse('**/graphql');
      await page.getByLabel('Status of Old').selectOption('Doing');
      await shows(page, 'Doing', 'Old');
      await team.updateTask({ id, title: 'New' });
      await shows(page, 'Doing', 'New');
      letThrough();
      await (await answer).finished();
      await team.createTask('Later'); // its frame comes after the answer was read
      await shows(page, 'To do', 'Later');
      await shows(page, 'Doing', 'New');
    });

    test('says so when its user is removed from the workspace, and is back when added again', async () => {
      const page = await open(team.grace.email);
      await team.createTask('Between us');
      await shows(page, 'To do', 'Between us');
      await team.removeGrace();
      await page.getByRole('alert').filter({ hasText: 'no longer a member of Engines' }).waitFor();
      expect(await page.getByText('Between us').count()).toBe(0);
      await team.addGrace();
      await shows(page, 'To do', 'Between us');
      await isLive(page);
      expect(await page.getByRole('alert').count()).toBe(0);
    });

    test('asks to sign in again when its session is revoked, and says why', async () => {
      const page = await open(team.grace.email);
      await team.grace.revokeOtherSessions();
      await page.getByRole('alert').filter({ hasText: 'session has ended' }).waitFor();
      await page.getByRole('button', { name: 'Sign in' }).waitFor();
    });

    test('says what is wrong when a sign-in fails', async () => {
      const page = await open(team.grace.email);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await signIn(page, team.grace.email, 'a wrong password');
      await page.getByRole('alert').waitFor();
      expect(await page.getByLabel('E-mail').inputValue()).toBe(team.grace.email);
      await signIn(page, team.grace.email, team.password);
      await isLive(page);
      expect(await page.getByRole('alert').count()).toBe(0);
    });

    test('shows nobody what somebody else has seen before in the same tab', async () => {
      const page = await open(team.grace.email);
      await team.createTask('Between us');
      await shows(page, 'To do', 'Between us');
      await page.getByRole('button', { name: 'Sign out' }).click();
      const others = await createTeam(`${hub.urls[0]}/graphql`);
      await others.createTask('Between others');
      await signIn(page, others.grace.email, others.password);
      await shows(page, 'To do', 'Between others');
      expect(await page.getByRole('article').count()).toBe(1);
    });

    describeBoard(() => ({ team, front, open }));
    more(() => ({ team, front, open }));
  });
}

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

async function readPage(path: string) {
  try {
    return { type: types[extname(path)] ?? 'application/octet-stream', body: await readFile(path) };
  } catch {
    return null;
  }
}
