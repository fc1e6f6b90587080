import { existsSync, rmSync } from 'node:fs';
import type { Phase } from '../../operation/phase.ts';

/** Removes what an update needed on its way. */
export function forgetFolders(folders: readonly string[]): Phase {
  return {
    name: 'forget',
    title: 'Remove what is not needed any more',
    seconds: 1,
    check: async () => folders.every((folder) => !existsSync(folder)),
    async do() {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    },
    undo: null,
  };
}
