import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  lchownSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { diskError } from '../../../kernel/durable-file.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { copyOf, type DataPlace, keptStamps } from './snapshot.ts';
import { isUntouched, type Stamp, stampOf, stampsOf } from './stamps.ts';
import { breath, type CopyRun } from './take-copy.ts';

const BREATH = 500;
const BESIDE = '.frostbyte-put-back';

/**
 * Makes a place again what it was when its copy was taken, names, owners and modes too: what was touched since comes from the
 * copy, what came since goes. Whoever works there has to rest. Killed in the middle and called again, it comes to the same.
 * Answers how many files were put back or removed. Throws `OPERATION_FAILED` where the place or a copy is gone.
 */
export async function putBack(
  folder: string,
  place: DataPlace,
  { signal, syncDisk }: Omit<CopyRun, 'copied'>,
): Promise<number> {
  const { path: root, without } = place;
  const then = keptStamps(folder, place);
  if (then.size === 0 || !existsSync(root)) throw gone(root);
  let changed = 0;
  let seen = 0;
  const extra: string[] = [];
  const now = new Map<string, Stamp>();
  for (const stamp of stampsOf(root, without)) {
    if (++seen % BREATH === 0) await breath(signal);
    if (then.get(stamp.path)?.kind === stamp.kind) now.set(stamp.path, stamp);
    else extra.push(stamp.path);
  }
  for (const path of extra) {
    // What is left out of the copy may lie below.
    if (holdsLeftOut(path, without)) continue;
    rmSync(join(root, path), { recursive: true, force: true });
    changed++;
  }
  for (const stamp of then.values()) {
    if (++seen % BREATH === 0) await breath(signal);
    if (put(root, copyOf(folder, place), stamp, now.get(stamp.path))) changed++;
  }
  await syncDisk(root);
  return changed;
}

function put(root: string, copy: string, then: Stamp, now: Stamp | undefined): boolean {
  const file = join(root, then.path);
  if (isUntouched(now, then) || isSameFolder(now, then)) return false;
  try {
    if (then.kind === 'folder') {
      mkdirSync(file, { recursive: true, mode: 0o700 });
      own(file, then);
      return true;
    }
    const beside = join(dirname(file), `${BESIDE}.${basename(file)}`);
    rmSync(beside, { recursive: true, force: true });
    if (then.kind === 'link') symlinkSync(then.target!, beside);
    else copyFileSync(join(copy, then.path), beside, constants.COPYFILE_FICLONE);
    own(beside, then);
    renameSync(beside, file);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') throw gone(join(copy, then.path));
    throw diskError(error, file);
  }
}

/** A folder is what is in it: of itself only owner and mode count. */
const isSameFolder = (now: Stamp | undefined, then: Stamp): boolean =>
  then.kind === 'folder' && now?.mode === then.mode && now.uid === then.uid && now.gid === then.gid;

function own(file: string, { kind, mode, uid, gid, modified }: Stamp): void {
  const is = stampOf(dirname(file), basename(file));
  if (is?.uid !== uid || is.gid !== gid) lchownSync(file, uid, gid);
  if (kind === 'link') return;
  // Behind the owner: a change of that may take bits away.
  chmodSync(file, mode);
  if (kind === 'file') utimesSync(file, Number(modified) / 1e9, Number(modified) / 1e9);
}

const holdsLeftOut = (path: string, without: readonly string[]): boolean =>
  without.some((left) => left.startsWith(`${path}/`));

function gone(path: string): FrostbyteError {
  return new FrostbyteError(
    'OPERATION_FAILED',
    `${path} is not there, so it cannot be put back as it was. Look at the disk it lies on; then: frostbyte plan resume.`,
    { details: [{ field: 'path', value: path, constraint: 'there, with its copy' }] },
  );
}
