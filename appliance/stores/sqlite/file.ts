import { accessSync, closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync } from 'node:fs';

/**
 * Makes sure that there is a file to open, mode 0600 where it is made, and that it is no link. A file that is there is
 * never opened here: whoever closes one takes away the locks that his process has on it (POSIX), and SQLite in another
 * process would believe to be alone with it. Throws what the file system says.
 */
export function needFile(path: string, readonly: boolean): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined && !readonly) make(path);
  if (lstatSync(path).isSymbolicLink()) throw Object.assign(new Error('the file is a link'), { code: 'ELOOP' });
  accessSync(path, readonly ? constants.R_OK : constants.R_OK | constants.W_OK);
}

function make(path: string): void {
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600));
  } catch (error) {
    // Somebody else was first.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** This process's descriptors that are open for writing on a file. Empty where the system does not list them. */
export function writersOf(path: string): Set<number> {
  const found = new Set<number>();
  const file = lstatSync(path, { throwIfNoEntry: false });
  if (file === undefined) return found;
  for (const name of descriptors()) {
    const descriptor = Number(name);
    try {
      const { dev, ino } = fstatSync(descriptor);
      if (dev === file.dev && ino === file.ino && isForWriting(name)) found.add(descriptor);
    } catch {
      // Closed meanwhile.
    }
  }
  return found;
}

function descriptors(): string[] {
  try {
    return readdirSync('/proc/self/fd');
  } catch {
    return [];
  }
}

/** `flags` are octal; the last two bits say reading, writing or both. */
function isForWriting(descriptor: string): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & constants.O_RDWR) !== 0;
}
