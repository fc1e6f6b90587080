import { mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile, syncFolder } from './durable-file.ts';
import { FrostbyteError } from './errors.ts';

/**
 * A door that is closed while a release takes another's place (spec 7, "Upgrade"): from here on nobody is let in but whoever
 * checks the installation, so that what the stores hold then may be put back if the upgrade does not come to its end. The flag
 * is a file beside those of the kill-switch, which gateways see and nothing else of the data.
 */

/** Whose tokens the checks of an installation have; the only ones that are let in. */
export const CHECKER = 'installation-check';
/** No tenant is called so. */
const FLAG = '_closed';
/** When whoever was sent away should come again, in seconds. */
export const CLOSED_RETRY_SECONDS = 5;

/** Whether the door is closed. A folder that cannot be looked into counts as if it were. */
export function isClosed(flags: string): boolean {
  try {
    return statSync(join(flags, FLAG), { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

/** Throws `SERVICE_UNAVAILABLE` while it is closed: for what would change something past the gateway. */
export function refuseWhileClosed(flags: string): void {
  if (!isClosed(flags)) return;
  throw new FrostbyteError(
    'SERVICE_UNAVAILABLE',
    'This appliance is changed over to another release, and what is changed now might be put back. Wait until that is over (frostbyte plan show), and repeat.',
    { retryAfter: CLOSED_RETRY_SECONDS },
  );
}

/** Closes it; on the disk on return. */
export function closeDoor(flags: string, because: string): void {
  mkdirSync(flags, { recursive: true, mode: 0o711 });
  replaceFile(join(flags, FLAG), `${because}\n`);
}

/** Opens it again; on the disk on return. */
export function openDoor(flags: string): void {
  const file = join(flags, FLAG);
  rmSync(file, { force: true });
  syncFolder(dirname(file));
}
