import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile, syncFolder } from '../../../kernel/durable-file.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { controlPaths } from '../../../kernel/names.ts';

/** Where a restore builds what it will put in place: below the data folder, on the same disk. */
export const stagingFolder = (dataFolder: string): string => join(dataFolder, 'restoring');

/** What belongs to an appliance that has been used. The root key alone does not: a folder may have one and nothing in it. */
const USED = [
  'control/registry.sqlite',
  'control/audit',
  'tenants',
  'secrets/tenants',
  'secrets/signing',
  'secrets/escrow',
];

const REPORT = 'control/restore-report.json';

/** What is put in place, in this order: the registry is last, since with it an appliance is there. */
const PLACED = [
  'tenants',
  'secrets/tenants',
  'secrets/escrow',
  'secrets/signing',
  'secrets/recovery.json',
  'control/audit',
  'control/suspended',
  'control/clock',
  'control/before-restore',
  REPORT,
  'control/registry.sqlite',
];

/** Throws `INVALID_STATE_TRANSITION` where an appliance is: a restore puts nothing over one. */
export function refuseUsed(dataFolder: string): void {
  const found = USED.find((path) => isThere(join(dataFolder, path)));
  if (found === undefined) return;
  throw new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    `There is an appliance in ${dataFolder} already (${found}). A backup is restored into an empty data folder: name another with --data.`,
    { details: [{ field: 'data', value: dataFolder, constraint: 'must be empty' }] },
  );
}

/** Throws `INVALID_STATE_TRANSITION` while a restore into the folder is not finished: nothing works on half an appliance. */
export function refuseUnfinished(dataFolder: string): void {
  if (!existsSync(stagingFolder(dataFolder))) return;
  throw new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    `A restore into ${dataFolder} was not finished. Run the same frostbyte restore again: it goes on, or goes back.`,
  );
}

/** True once everything is in its place: a registry alone may be that of a box that was just installed. */
export function isPlaced(dataFolder: string): boolean {
  return (
    [controlPaths(dataFolder).registry, join(dataFolder, REPORT)].every(existsSync) &&
    !existsSync(stagingFolder(dataFolder))
  );
}

/** Throws `INVALID_STATE_TRANSITION` where a backup was restored before. */
export function refuseRestored(dataFolder: string): void {
  if (!existsSync(join(dataFolder, REPORT))) return;
  throw new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    `A backup was restored into ${dataFolder} before (${REPORT}). Restore onto a box that was just installed, or an empty data folder.`,
    { details: [{ field: 'data', value: dataFolder, constraint: 'must not come from a backup' }] },
  );
}

/** Where what a box that was just installed had of its own is put before the restored takes its place. */
const REPLACED = 'replaced';
/** Behind this nothing of the box's own is in a place of what is restored. */
const ASIDE = 'aside';

/**
 * Makes way for what was built: what a box that was just installed has in the same places is put aside, and goes with the end
 * of `placeRestored`. Its root key and the secrets of its servers stay. Called again behind a kill it goes on.
 */
export function setAside(dataFolder: string): void {
  const note = join(stagingFolder(dataFolder), ASIDE);
  if (existsSync(note)) return;
  for (const path of namesOf(PLACED)) {
    const [from, to] = [join(dataFolder, path), join(dataFolder, REPLACED, path)];
    if (!existsSync(from)) continue;
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    renameSync(from, to);
  }
  for (const folder of ['control', 'secrets', '.'])
    if (existsSync(join(dataFolder, folder))) syncFolder(join(dataFolder, folder));
  replaceFile(note, '');
}

/** With the files that SQLite keeps beside its own, the file itself last. */
const namesOf = (paths: readonly string[]): string[] =>
  paths.flatMap((path) => (path.endsWith('.sqlite') ? ['-wal', '-shm', ''].map((suffix) => path + suffix) : [path]));

/** Moves what was built into its place, one rename each; called again behind a kill it goes on. */
export function placeRestored(dataFolder: string): void {
  const staging = stagingFolder(dataFolder);
  for (const path of namesOf(PLACED)) {
    const [from, to] = [join(staging, path), join(dataFolder, path)];
    if (!existsSync(from)) continue;
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    // An empty folder of before is in nobody's way; anything else refuses the rename.
    if (existsSync(to) && !isThere(to)) rmSync(to, { recursive: true });
    renameSync(from, to);
    syncFolder(dirname(to));
  }
  rmSync(join(dataFolder, REPLACED), { recursive: true, force: true });
  rmSync(staging, { recursive: true, force: true });
  syncFolder(dataFolder);
}

/** Something, or a folder that holds something. */
function isThere(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    return readdirSync(path).length > 0;
  } catch {
    return true;
  }
}
