import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { checkTenantId, TENANT_ID } from '../../kernel/ids.ts';
import { controlPaths } from '../../kernel/names.ts';

/**
 * The kill-switch's flags: one synced file per tenant that is to be stopped. Written before anything else, read on each
 * request and before each job, so that no store has to be alive for a tenant to be stopped (spec 3).
 */

/** Who asked for the suspension, so that a restart can finish one that was cut short. */
export interface FlagNote {
  actor: string;
  reason: string;
}

/**
 * True while a tenant's flag is there. One `stat`, no store: for workers and gateways alike. A folder that cannot be
 * read counts as flagged, because a stop that cannot be seen must not be overrun.
 */
export function isSuspended(dataFolder: string, tenantId: string): boolean {
  return isFlagged(controlPaths(dataFolder).suspended, tenantId);
}

/** The same for whoever sees the folder of flags alone. */
export function isFlagged(flags: string, tenantId: string): boolean {
  try {
    return statSync(join(flags, checkTenantId(tenantId)), { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

/** Makes the folder of flags: others may ask for one by name, but neither list nor read them. */
export function makeFlags(dataFolder: string): void {
  const folder = controlPaths(dataFolder).suspended;
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  if ((statSync(folder).mode & 0o777) !== 0o711) chmodSync(folder, 0o711);
}

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** Writes a tenant's flag; file and folder are synced on return. Twice is the same as once, the first note stays. */
export function raiseFlag(dataFolder: string, tenantId: string, note: FlagNote): void {
  const path = flagPath(dataFolder, tenantId);
  makeFlags(dataFolder);
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Perhaps raised a moment ago by a process that has not synced it yet.
    syncFolder(dataFolder);
    return;
  }
  try {
    writeSync(file, JSON.stringify(note));
  } catch (error) {
    // The file is the flag, the note only says who asked: a full disk must not keep a tenant running.
    if (!FULL.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  syncFolder(dataFolder);
}

/** Removes a tenant's flag; synced on return. One that is not there is no error. */
export function lowerFlag(dataFolder: string, tenantId: string): void {
  try {
    unlinkSync(flagPath(dataFolder, tenantId));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  syncFolder(dataFolder);
}

/** Tenants whose flag is there, with the note (a note torn by a power cut reads as the system's). */
export function raisedFlags(dataFolder: string): { tenantId: string; note: FlagNote }[] {
  let names: string[];
  try {
    names = readdirSync(controlPaths(dataFolder).suspended);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names
    .filter((name) => TENANT_ID.test(name))
    .sort()
    .map((tenantId) => ({ tenantId, note: readNote(flagPath(dataFolder, tenantId)) }));
}

function flagPath(dataFolder: string, tenantId: string): string {
  return join(controlPaths(dataFolder).suspended, checkTenantId(tenantId));
}

function readNote(path: string): FlagNote {
  try {
    const note = JSON.parse(readFileSync(path, 'utf8')) as Partial<FlagNote>;
    if (typeof note.actor === 'string' && typeof note.reason === 'string')
      return { actor: note.actor, reason: note.reason };
  } catch {
    // Falls through: the flag stands, whatever it says.
  }
  return { actor: 'system', reason: 'completed after a restart' };
}

function syncFolder(dataFolder: string): void {
  const folder = openSync(controlPaths(dataFolder).suspended, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
