import { existsSync, linkSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../../kernel/durable-file.ts';
import type { HostLayout } from '../../host-layout.ts';
import type { Phase } from '../../operation/phase.ts';

/** What is left of a release until the end: enough to go on with an uninstallation that was ended in the middle. */
export const LEAVING = 'leaving';
const NEEDED = ['bin', 'appliance', 'host/input-rule'];

/**
 * Removes releases and quarantine. The program itself goes on from links to its own files, and `current` with it, so that
 * whatever ends it here, the command `frostbyte` goes on.
 */
export function removePrograms({ programs, releases, quarantine, current }: HostLayout): Phase {
  const leaving = join(programs, LEAVING);
  return {
    name: 'programs',
    title: 'Remove the releases',
    seconds: 3,
    check: async () => [releases, quarantine].every((folder) => !existsSync(folder)),
    async do() {
      if (!existsSync(leaving) && existsSync(current)) {
        const beside = `${leaving}.new`;
        rmSync(beside, { recursive: true, force: true });
        for (const path of NEEDED)
          if (existsSync(join(current, path))) linkTree(join(current, path), join(beside, path));
        renameSync(beside, leaving);
        syncFolder(programs);
      }
      if (existsSync(leaving)) pointTo(current, LEAVING);
      for (const folder of [quarantine, releases]) rmSync(folder, { recursive: true, force: true });
      syncFolder(programs);
    },
    undo: null,
  };
}

function linkTree(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true, mode: 0o755 });
  if (!lstatSync(from).isDirectory()) {
    linkSync(from, to);
    return;
  }
  mkdirSync(to, { recursive: true, mode: 0o755 });
  for (const name of readdirSync(from)) linkTree(join(from, name), join(to, name));
}

function pointTo(path: string, target: string): void {
  const beside = `${path}.new`;
  rmSync(beside, { force: true });
  symlinkSync(target, beside);
  renameSync(beside, path);
}
