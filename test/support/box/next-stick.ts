import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { engineFolder } from '../../../scripts/box/equipment.ts';
import { PLACE } from '../../../scripts/box/place.ts';
import { signaturesFolder, sourcesHash, stickFolder } from '../../../scripts/box/stick.ts';
import { checkOut } from '../checkouts.ts';
import { makeFailingRelease, makeNextRelease } from '../next-release.ts';

/** What releases come behind this one: one that is right, and one that is not. */
const NEXT = Object.freeze({ next: makeNextRelease, failing: makeFailingRelease });

/**
 * The package of a release that comes behind this tree's, signed by the same trial keys: made of this commit by what
 * `makeNextRelease` changes, or `makeFailingRelease`. Made where it is not there or the tree has changed; its folder on this host.
 */
export async function nextStickFolder(which: keyof typeof NEXT = 'next'): Promise<string> {
  // By the keys that this makes where there are none.
  await stickFolder();
  const folder = join(PLACE.cache, `${which}-${sourcesHash()}`);
  if (existsSync(folder)) return folder;
  const engine = await engineFolder();
  const made = join(PLACE.cache, `making-${which}-${process.pid}`);
  rmSync(made, { recursive: true, force: true });
  const checkout = checkOut(which);
  try {
    NEXT[which](checkout.folder);
    // What is linked to the tree's own is written anew, not through.
    const node = join(checkout.folder, '.toolchain/bin/node');
    execFileSync(node, ['scripts/gen-sql.ts'], { cwd: checkout.folder, stdio: ['ignore', 'ignore', 'inherit'] });
    checkout.build();
    checkout.bundle(made, {}, [
      '--without=all-mpnet-base-v2',
      `--engine=${engine}`,
      `--signatures=${signaturesFolder()}`,
    ]);
  } finally {
    checkout.end();
  }
  renameSync(made, folder);
  return folder;
}
