import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../../kernel/durable-file.ts';
import type { Json, Phase } from '../../operation/phase.ts';
import type { RunningHost } from '../tools.ts';
import { wakeEngine } from '../with-engine.ts';

export interface BroughtEngine {
  /** The packages that an installation here brought; none: the engine is the host’s own. */
  packages: readonly string[];
  /** Whether what it kept goes too. */
  withData: boolean;
}

/**
 * Takes the container engine away that an installation brought, unless others use it by now. What it kept stays on the disk,
 * volumes among it, unless the data go too.
 */
export function removeEngine(host: RunningHost, { packages, withData }: BroughtEngine): Phase {
  const { engine, contents } = host;
  const folders = () => contents.folders.filter((folder) => existsSync(folder));
  return {
    name: 'engine',
    title: 'Take the container engine away that came with it',
    seconds: 10,
    async check({ recorded }) {
      if (recorded || packages.length === 0) return true;
      return (await contents.installed(packages)).length === 0 && !(withData && folders().length > 0);
    },
    // Asked before anything of it is gone: afterwards it cannot be.
    before: async (): Promise<Json> => ({
      strangers: (await engine.answers()) ? await contents.strangers() : null,
    }),
    async do({ signal, note, before }) {
      const known = (before as { strangers: string[] | null }).strangers;
      const strangers =
        known ?? ((await wakeEngine(host, signal)) ? await contents.strangers() : contents.strangersLeft());
      if (strangers.length > 0) {
        note(`the engine is used by others and stays: ${strangers.slice(0, 20).join(', ')}`);
        return;
      }
      const there = await contents.installed(packages);
      if (there.length > 0) {
        await engine.remove(there);
        note(`taken away: ${there.join(', ')}`);
      }
      for (const folder of contents.sharedFolders) if (isEmpty(folder)) rmdirSync(folder);
      if (!withData) {
        note(`what the engine kept stays: ${folders().join(', ')}`);
        return;
      }
      for (const folder of folders()) removeWhole(folder);
    },
    undo: null,
  };
}

const isEmpty = (folder: string): boolean => existsSync(folder) && readdirSync(folder).length === 0;

/** Names of a folder that are removed last: an engine that started in the middle would miss what is left of it. */
function removeWhole(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
  syncFolder(dirname(folder));
}
