import { after, before } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { withControl } from '../../../appliance/bin/wire/embedded.ts';
import { loadConfig } from '../../../appliance/config/load.ts';
import type { NewUser } from '../../../appliance/control/users/user-verbs.ts';
import { type Appliance, type ApplianceOptions, startAppliance } from '../appliance.ts';
import { freePort } from '../free-port.ts';
import { startBrowser } from './chromium.ts';
import { watchShifts } from './steady.ts';

export const PASSWORD = 'a long winter passphrase';

/** An appliance and a browser in front of it. */
export interface BrowserWorld {
  appliance: Appliance;
  browser: Browser;
  /** A tenant with somebody who signs in for it by this name and `PASSWORD`. */
  tenant(id: string, username?: string, config?: Record<string, unknown>): Promise<void>;
  addUser(user: Omit<NewUser, 'password'>): Promise<void>;
  /** A browser of its own: its cookies, colours and language. What goes wrong in its pages fails the test (`problems`). */
  visitor(options?: { scheme?: 'light' | 'dark'; language?: string; script?: boolean }): Promise<Visitor>;
}

export interface Visitor {
  context: BrowserContext;
  page: Page;
  /** Scripts that failed, policies that were broken, dialogs that opened. */
  problems: string[];
  signIn(username: string): Promise<void>;
  goTo(path: string): Promise<void>;
}

let users = 0;
let made: Promise<BrowserWorld> | null = null;

/**
 * The one world of all files that are run together; to be called in a `describe`. It starts with the first test that uses it
 * and ends behind the last file.
 */
export function browserWorld(): () => BrowserWorld {
  users += 1;
  let world: BrowserWorld;
  before(async () => {
    made ??= make();
    world = await made;
  });
  after(async () => {
    users -= 1;
    if (users > 0 || made === null) return;
    const { appliance, browser } = await made;
    await browser.close();
    await appliance.end();
  });
  return () => world;
}

/** The same for who runs no tests; to be ended by hand. */
export async function make(options: Pick<ApplianceOptions, 'launcher' | 'environment'> = {}): Promise<BrowserWorld> {
  // It is restarted under open pages, which know it by its address.
  const environment = { FROSTBYTE_PORT: String(await freePort()), ...options.environment };
  const [appliance, browser] = await Promise.all([
    startAppliance({ ...options, arrangement: 'single', environment }),
    startBrowser(),
  ]);
  const addUser: BrowserWorld['addUser'] = async (user) => {
    const config = loadConfig({ variables: {}, overrides: { data_folder: appliance.dataFolder } });
    await withControl(config, (control) => control.addUser({ ...user, password: PASSWORD }, 'operator'));
  };
  return {
    appliance,
    browser,
    addUser,
    async tenant(id, username = id, config = {}) {
      await appliance.createTenant(id, config);
      await addUser({ username, role: 'tenant_admin', tenant_id: id });
    },
    async visitor({ scheme = 'light', language = 'en', script = true } = {}) {
      const context = await browser.newContext({
        colorScheme: scheme,
        locale: language,
        javaScriptEnabled: script,
        reducedMotion: 'reduce',
      });
      context.setDefaultTimeout(20_000);
      await watchShifts(context);
      const page = await context.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(`script: ${error.message}`));
      page.on('dialog', (dialog) => {
        problems.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      page.on('console', (message) => {
        // What was refused is a page of ours; what a policy forbade, or a script said in despair, is none.
        if (message.type() === 'error' && !/^Failed to load resource/.test(message.text()))
          problems.push(message.text());
      });
      return {
        context,
        page,
        problems,
        goTo: async (path) => void (await page.goto(`${appliance.url}${path}`)),
        async signIn(username) {
          await page.goto(`${appliance.url}/sign-in`);
          await page.fill('#username', username);
          await page.fill('#password', PASSWORD);
          await page.press('#password', 'Enter');
          await page.waitForURL((url) => url.pathname !== '/sign-in');
        },
      };
    },
  };
}
