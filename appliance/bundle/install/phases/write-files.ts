import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFile, syncFolder } from '../../../kernel/durable-file.ts';
import type { Phase } from '../../operation/phase.ts';

export interface WantedFile {
  path: string;
  text: string;
  mode: number;
  /** `theirs`: one that is there is the site's, and stays as it is. */
  whose: 'ours' | 'theirs';
}

/** Files of the host's folders, each replaced as a whole. What was there before comes back when the phase is undone. */
export function writeFiles(
  about: Pick<Phase, 'name' | 'title'>,
  files: readonly WantedFile[],
  settle?: () => Promise<void>,
): Phase {
  const textOf = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : null);
  // A text may be made when it is asked for, and only then.
  const isRight = (file: WantedFile) => {
    const is = textOf(file.path);
    return is !== null && (file.whose === 'theirs' || is === file.text);
  };
  return {
    ...about,
    seconds: 0.2,
    check: async () => files.every(isRight),
    before: async () => Object.fromEntries(files.map(({ path }) => [path, textOf(path)])),
    async do() {
      for (const file of files) if (!isRight(file)) replaceFile(file.path, file.text, file.mode);
      await settle?.();
    },
    async undo({ before }) {
      const were = before as Record<string, string | null>;
      for (const { path, mode } of files) {
        const was = were[path] ?? null;
        if (was !== null) {
          if (textOf(path) !== was) replaceFile(path, was, mode);
        } else if (existsSync(path)) {
          rmSync(path);
          syncFolder(dirname(path));
        }
      }
      await settle?.();
    },
  };
}
