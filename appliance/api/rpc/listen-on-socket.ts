import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, rmSync, statSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname } from 'node:path';
import { FrostbyteError } from '../../kernel/errors.ts';

/** What the kernel takes as the path of a socket. */
const LONGEST_PATH = 107;

/**
 * Listens on a unix socket of mode 0600 in a folder of mode 0700; both become `owner`'s (a user id) where one is given. What an earlier
 * process left at the path goes: whoever calls this has made sure that no other lives. Throws `CONFIG_INVALID`.
 */
export async function listenOnSocket(server: Server, path: string, owner?: number | null): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw new FrostbyteError(
      'CONFIG_INVALID',
      `The path of a socket, ${path}, is longer than ${LONGEST_PATH} bytes. Name a shorter folder in processes.run_folder.`,
    );
  }
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if ((statSync(folder).mode & 0o777) !== 0o700) chmodSync(folder, 0o700);
  rmSync(path, { force: true });
  server.listen(path);
  await once(server, 'listening');
  // The folder is closed to others until here, so nobody came in between.
  chmodSync(path, 0o600);
  if (owner === undefined || owner === null) return;
  chownSync(path, owner, -1);
  chownSync(folder, owner, -1);
}
