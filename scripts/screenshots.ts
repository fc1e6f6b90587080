/**
 * `make screenshots`: pictures of every page of the user interface with something on it, in three widths, light and dark, for
 * whoever changes pages: look at all of them. The folder lies outside the tree.
 */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { browserMissing } from '../test/support/browser/chromium.ts';
import { installedPlaces } from '../test/support/browser/installed-box.ts';
import { installerPlaces } from '../test/support/browser/installer-places.ts';
import { furnish } from '../test/support/browser/places.ts';
import { make } from '../test/support/browser/world.ts';

const ROOT = resolve(import.meta.dirname, '..');
const WIDTHS = [360, 900, 1440];
const { values } = parseArgs({
  options: { only: { type: 'string' }, out: { type: 'string', default: join(tmpdir(), 'frostbyte-screenshots') } },
});
const out = resolve(values.out);

const missing = browserMissing();
const fault = missing ?? (relative(ROOT, out).startsWith('..') ? null : 'the folder must lie outside the tree');
if (fault !== null) {
  console.error(`screenshots: ${fault}`);
  process.exit(1);
}

const pictured = new Set<string>();
async function picture(page: Page, name: string, scheme: string): Promise<void> {
  pictured.add(name);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: join(out, `${name}-${width}-${scheme}.png`), fullPage: true });
  }
}

mkdirSync(out, { recursive: true });
const world = await make();
try {
  const only = values.only?.split(',');
  const furnished = (await furnish(world)).filter(({ name }) => only?.includes(name) ?? true);
  for (const scheme of ['light', 'dark'] as const) {
    const { page, context } = await world.visitor({ scheme });
    for (const places of [installerPlaces, installedPlaces])
      await places(page, async (name) => {
        if (only?.includes(name) ?? true) await picture(page, name, scheme);
      });
    await context.close();
    for (const { name, path, username, act } of furnished) {
      const visitor = await world.visitor({ scheme });
      const { page, context } = visitor;
      if (username !== null) await visitor.signIn(username);
      await visitor.goTo(path);
      await act?.(visitor);
      await picture(page, name, scheme);
      await context.close();
    }
  }
  console.log(`${pictured.size} pages in ${WIDTHS.length} widths, light and dark: ${out}`);
} finally {
  await world.browser.close();
  await world.appliance.end();
}
