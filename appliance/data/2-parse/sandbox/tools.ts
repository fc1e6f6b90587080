import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Where util-linux lies on Debian and Ubuntu; the search path of whoever started us is not trusted. */
const FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/** The absolute path of a system program, or null when the host has none. */
export function findTool(name: 'unshare' | 'prlimit' | 'setpriv'): string | null {
  for (const folder of FOLDERS) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  return null;
}
