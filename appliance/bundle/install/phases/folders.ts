import { chmodSync, existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from '../../../kernel/durable-file.ts';
import { controlPaths } from '../../../kernel/names.ts';
import type { HostLayout } from '../../host-layout.ts';
import type { Phase } from '../../operation/phase.ts';

/** The folders of the layout, with who may look into them. */
export function makeFolders({ programs, releases, data, settings }: HostLayout): Phase {
  const { suspended: flags } = controlPaths(data);
  const folders: readonly (readonly [path: string, mode: number])[] = [
    [programs, 0o755],
    [releases, 0o755],
    // Only root and what it starts: documents and keys lie there.
    [data, 0o711],
    [dirname(flags), 0o700],
    // Seen by the gateway before control was ever there to make it.
    [flags, 0o711],
    [settings, 0o755],
  ];
  const isRight = ([path, mode]: readonly [string, number]) =>
    existsSync(path) && (statSync(path).mode & 0o777) === mode;
  return {
    name: 'folders',
    title: 'Make the folders',
    seconds: 0.2,
    check: async () => folders.every(isRight),
    before: async () =>
      Object.fromEntries(folders.flatMap(([path]) => (existsSync(path) ? [[path, statSync(path).mode & 0o777]] : []))),
    async do() {
      for (const [path, mode] of folders) {
        mkdirSync(path, { recursive: true, mode });
        // Whatever the umask was.
        chmodSync(path, mode);
        syncFolder(dirname(path));
      }
    },
    async undo({ before }) {
      const modes = before as Record<string, number>;
      for (const [path] of folders.toReversed()) {
        if (modes[path] === undefined) removeEmpty(path);
        else if (existsSync(path)) chmodSync(path, modes[path]);
      }
    },
  };
}

/** What is in it is not ours to take: the record of this very operation lies below one of them. */
function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as { code?: string }).code ?? '')) throw error;
  }
}
