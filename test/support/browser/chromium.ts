import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** The distribution's Chromium, as nobody's browser: it asks nobody for anything. */
const FLAGS = Object.freeze([
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
]);

function chromiumPath(): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, 'chromium')).find((path) => existsSync(path)) ?? null;
}

/** Why no browser can be driven here, or null. */
export function browserMissing(): string | null {
  return chromiumPath() === null ? 'there is no chromium (scripts/setup-host --browser)' : null;
}

/** Starts the browser, with a profile of its own that goes with it. */
export function startBrowser(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === null) throw new Error(browserMissing()!);
  return chromium.launch({ executablePath, args: [...FLAGS] });
}
