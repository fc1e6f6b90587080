import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFile, syncFolder } from '../../../kernel/durable-file.ts';
import type { Phase } from '../../operation/phase.ts';

type Were = Record<string, { text: string; mode: number }>;

/** Takes files away; undone, they are as they were. `to`: where one is kept instead of being removed. */
export function removeFiles(
  about: Pick<Phase, 'name' | 'title'>,
  files: readonly { path: string; to?: string }[],
  settle?: () => Promise<void>,
): Phase {
  return {
    ...about,
    seconds: 0.2,
    check: async () => files.every(({ path }) => !existsSync(path)),
    before: async () =>
      Object.fromEntries(
        files.flatMap(({ path }) =>
          existsSync(path)
            ? [[path, { text: readFileSync(path, 'utf8'), mode: statSync(path).mode & 0o777 }] as const]
            : [],
        ),
      ),
    async do({ note }) {
      for (const { path, to } of files) {
        if (!existsSync(path)) continue;
        if (to !== undefined) {
          mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
          replaceFile(to, readFileSync(path), statSync(path).mode & 0o777);
          note(`${path} is kept as ${to}`);
        }
        rmSync(path);
        syncFolder(dirname(path));
      }
      await settle?.();
    },
    async undo({ before }) {
      const were = before as unknown as Were;
      for (const { path, to } of files) {
        const was = were[path];
        if (was === undefined) continue;
        if (!existsSync(path)) replaceFile(path, was.text, was.mode);
        if (to === undefined) continue;
        rmSync(to, { force: true });
        if (existsSync(dirname(to)) && readdirSync(dirname(to)).length === 0) rmdirSync(dirname(to));
      }
      await settle?.();
    },
  };
}
