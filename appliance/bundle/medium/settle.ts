import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Waits until everything that was written to a file system is on its medium. Throws the system's error. */
export function syncMedium(medium: string): void {
  const { status, error, stderr } = spawnSync('sync', ['--file-system', medium], { encoding: 'utf8' });
  if (status === 0) return;
  throw error ?? Object.assign(new Error(stderr.trim()), { code: 'EIO' });
}

/**
 * Has the kernel forget what it remembers of a folder's files, so that the next read is one of the medium: all of it where
 * this process may order that, else file by file. Answers whether it could.
 */
export function forgetCached(folder: string): boolean {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3\n');
    return true;
  } catch {
    // Not root, or in a container.
  }
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    if (lstatSync(file).size > 0 && !forgetFile(file)) return false;
  }
  return true;
}

/** `dd` of nothing, with the advice that nothing of the file is needed any more. */
function forgetFile(file: string): boolean {
  return spawnSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none'], { stdio: 'ignore' }).status === 0;
}
