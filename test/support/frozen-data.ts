import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Data folders that releases left behind (`scripts/freeze-release.ts`), for the releases that come behind them. */

/** What is in each of them. */
export const HELD = Object.freeze({
  tenant: 'nordlaw',
  suspended: 'closedco',
  kept: 'The reindeer were counted twice before the winter came, and both counts agree.',
});

export const frozenData = (version: string): string =>
  join(import.meta.dirname, `../fixtures/data-of-${version}.tar.gz`);

/** A copy of a release’s data folder, to be worked on. */
export function thawed(version: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-thawed-'));
  execFileSync('tar', ['--extract', `--file=${frozenData(version)}`, '--directory', folder]);
  return join(folder, 'data');
}
