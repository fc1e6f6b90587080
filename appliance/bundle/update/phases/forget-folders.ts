import { existsSync, renameSync, rmSync } from 'node:fs';
import type { Phase } from '../../operation/phase.ts';

/** Removes what an update needed on its way: each at once, so that no half of one is ever taken for a whole. */
export function forgetFolders(folders: readonly string[]): Phase {
  const going = (folder: string) => `${folder}.gone`;
  return {
    name: 'forget',
    title: 'Remove what is not needed any more',
    seconds: 1,
    check: async () => folders.every((folder) => !existsSync(folder) && !existsSync(going(folder))),
    async do() {
      for (const folder of folders) {
        rmSync(going(folder), { recursive: true, force: true });
        if (existsSync(folder)) renameSync(folder, going(folder));
        rmSync(going(folder), { recursive: true, force: true });
      }
    },
    undo: null,
  };
}
