import type { Page } from 'playwright-core';
import { serveScripted } from './scripted-installer.ts';

/** The pages of the installer, each as somebody comes to it on the way to an appliance that runs. */
export async function installerPlaces(page: Page, look: (name: string) => Promise<void>): Promise<void> {
  const { url, codes, installer, end } = await serveScripted();
  try {
    await page.goto(url);
    await look('installer-sign-in');
    await page.fill('#code', codes.at(-1)!);
    await page.press('#code', 'Enter');
    await page.waitForURL((at) => at.pathname !== '/sign-in');
    const root = page.url();
    await look('installer-release');
    await page.goto(`${root}preflight`);
    await look('installer-preflight');
    await page.fill('#allow', 'swap');
    await page.fill('#reason', 'a laboratory');
    await page.press('#reason', 'Enter');
    await page.goto(`${root}plan`);
    await look('installer-plan');
    await page.fill('#recovery_recipient', `age1${'q'.repeat(58)}`);
    await page.press('#recovery_recipient', 'Enter');
    await page.waitForURL(`${root}progress`);
    installer.advance();
    await page.goto(`${root}progress`);
    await look('installer-progress');
    for (let at = 0; at < 4; at++) installer.advance();
    await page.goto(`${root}progress`);
    await look('installer-challenge');
    await page.fill('#answer', 'seven words');
    await page.click('form[action="answer"] button');
    await page.waitForSelector('form[action="first-code"]');
    await look('installer-installed');
    await page.goto(`${root}evidence`);
    await look('installer-evidence');
    await page.goto(`${root}support`);
    await look('installer-support');
    await page.goto(`${root}leave`);
    await look('installer-leave');
    await page.click('form[action="end"] button');
    await look('installer-ended');
  } finally {
    await end();
  }
}
