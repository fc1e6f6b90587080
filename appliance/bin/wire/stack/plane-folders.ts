import { closeSync, constants, fchmodSync, fchownSync, lchownSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../../config/schema.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { tenantPaths } from '../../../kernel/names.ts';

/** Where a data plane finds the folders of the host that are its tenant's. */
const FILES = '/var/lib/frostbyte';
export const INBOX = '/var/lib/frostbyte-inbox';
/** As a data plane sees the vectors of its tenant, where they lie in a file. */
export const VECTORS_SEEN = `${FILES}/vectors.sqlite`;

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

type FolderConfig = Pick<Config, 'data_folder' | 'stack' | 'inbox'>;

export interface PlaneFolder {
  source: string;
  target: string;
}

/**
 * A tenant's folders on the host that its plane's container may write to: its vectors, where they lie in a file, and its
 * inbox, where there is one. They are made where missing, and given to the plane's user. Whoever filled them may be hostile:
 * no link is followed. Throws `CONFIG_INVALID` where something else than a folder is in the place of one.
 */
export function planeFolders(config: FolderConfig, tenantId: string, uid: number): PlaneFolder[] {
  const folders = planeFoldersOf(config, tenantId);
  const { vectors, inbox } = folders;
  if (vectors !== null) {
    const { source: folder } = vectors;
    using(folder, (fd) => {
      fchownSync(fd, uid, uid);
      fchmodSync(fd, 0o700);
    });
    // They may come from a plane that was a process of another user.
    for (const name of readdirSync(folder)) lchownSync(join(folder, name), uid, uid);
  }
  if (inbox !== null) {
    // The site's, and whoever sends: what they put there has the group that the folder has, which is the plane's.
    using(inbox.source, (fd) => {
      fchownSync(fd, -1, uid);
      fchmodSync(fd, 0o2770);
    });
  }
  return listed(folders);
}

/** The same folders by their names alone: nothing is made or given. */
export function namedPlaneFolders(config: FolderConfig, tenantId: string): PlaneFolder[] {
  return listed(planeFoldersOf(config, tenantId));
}

function planeFoldersOf({ data_folder, stack, inbox }: FolderConfig, tenantId: string) {
  return {
    vectors:
      stack.vectors === 'sqlite-vec' ? { source: tenantPaths(data_folder, tenantId).folder, target: FILES } : null,
    inbox: inbox.folder === null ? null : { source: join(inbox.folder, tenantId), target: join(INBOX, tenantId) },
  };
}

const listed = ({ vectors, inbox }: ReturnType<typeof planeFoldersOf>): PlaneFolder[] =>
  [vectors, inbox].filter((each) => each !== null);

function using(folder: string, work: (fd: number) => void): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let fd: number;
  try {
    fd = openSync(folder, FOLDER);
  } catch (cause) {
    throw new FrostbyteError('CONFIG_INVALID', `${folder} must be a folder, and no link to one.`, { cause });
  }
  try {
    work(fd);
  } finally {
    closeSync(fd);
  }
}
