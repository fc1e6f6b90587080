/**
 * `make pictures`: the pictures of pages that the documents show (`docs/pictures/`), made anew. They are committed, since who
 * reads has no browser to make them with; so few, small, and each named by a document.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { browserMissing } from '../test/support/browser/chromium.ts';
import { installedPlaces } from '../test/support/browser/installed-box.ts';
import { installerPlaces } from '../test/support/browser/installer-places.ts';
import { furnish } from '../test/support/browser/places.ts';
import { make } from '../test/support/browser/world.ts';

const OUT = resolve(import.meta.dirname, '../docs/pictures');
const VIEW = { width: 1200, height: 780 };
const QUALITY = 82;
/** By place: what the picture is called. */
const WANTED = new Set([
  ...['batch', 'upload-chosen', 'search-hits', 'sheet', 'diff'],
  ...['tenant', 'measures', 'installed-appliance'],
  ...['audit-chain', 'installed-boundary'],
  ...['installer-preflight', 'installer-progress'],
]);

const missing = browserMissing();
if (missing !== null) {
  console.error(`pictures: ${missing}`);
  process.exit(1);
}

async function picture(page: Page, name: string): Promise<void> {
  if (!WANTED.delete(name)) return;
  await page.setViewportSize(VIEW);
  await page.evaluate('scrollTo(0, 0)');
  const line = await page.context().newCDPSession(page);
  const { data } = await line.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY });
  await line.detach();
  const bytes = Buffer.from(data, 'base64');
  writeFileSync(join(OUT, `${name}.webp`), bytes);
  console.log(`${name}.webp  ${bytes.length} bytes`);
}

mkdirSync(OUT, { recursive: true });
const world = await make();
try {
  const places = await furnish(world);
  for (const walk of [installerPlaces, installedPlaces]) {
    const { page, context } = await world.visitor();
    await walk(page, (name) => picture(page, name));
    await context.close();
  }
  for (const { name, path, username, act } of places) {
    if (!WANTED.has(name)) continue;
    const visitor = await world.visitor();
    await visitor.page.setViewportSize(VIEW);
    if (username !== null) await visitor.signIn(username);
    await visitor.goTo(path);
    await act?.(visitor);
    await picture(visitor.page, name);
    await visitor.context.close();
  }
} finally {
  await world.browser.close();
  await world.appliance.end();
}
if (WANTED.size > 0) throw new Error(`there is no place called ${[...WANTED].join(', ')}`);
