import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Actor } from './events.ts';

/** What the kernel writes where nobody logged in: a service, a container. */
const NOBODY = 0xffff_ffff;

/**
 * Who runs this command. The login is the kernel's record of the session, which `sudo` and `su` leave as it is and no variable
 * changes; null where there is none.
 */
export function whoRuns(read: (file: string) => string | null = fileOf): Actor {
  const uid = process.geteuid?.() ?? userInfo().uid;
  const passwd = read('/etc/passwd') ?? '';
  const login = Number(read('/proc/self/loginuid')?.trim() || NOBODY);
  return {
    user: nameOf(uid, passwd),
    uid,
    login: login === NOBODY || !Number.isSafeInteger(login) ? null : nameOf(login, passwd),
  };
}

/** passwd(5): name, password, uid, …; the number itself for who is not in it (a directory service). */
function nameOf(uid: number, passwd: string): string {
  const line = passwd.split('\n').find((each) => each.split(':')[2] === String(uid));
  return line?.split(':')[0] || String(uid);
}

function fileOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
