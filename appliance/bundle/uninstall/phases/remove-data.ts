import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '../../../kernel/durable-file.ts';
import type { HostLayout } from '../../host-layout.ts';
import type { Phase } from '../../operation/phase.ts';
import type { RunningHost } from '../tools.ts';
import { heldBy, wakeEngine } from '../with-engine.ts';

/** Until the very end, this operation is still recorded, and its evidence signed. */
const LAST = Object.freeze({ data: ['operations', 'evidence'], settings: ['evidence.key'] });

/** Keys, documents, logs and settings: keys first, since without them the rest cannot be read. */
export function removeData({ data, settings }: HostLayout): Phase {
  const left = () => {
    const below = (folder: string, last: readonly string[]) =>
      existsSync(folder)
        ? readdirSync(folder)
            .filter((name) => !last.includes(name))
            .map((name) => join(folder, name))
        : [];
    const all = [...below(data, LAST.data), ...below(settings, LAST.settings)];
    const keys = join(data, 'secrets');
    return all.sort((a, b) => Number(b === keys) - Number(a === keys));
  };
  return {
    name: 'data',
    title: 'Remove keys, documents and settings',
    seconds: 5,
    check: async () => left().length === 0,
    async do({ signal, progress, note }) {
      const paths = left();
      for (const [at, path] of paths.entries()) {
        signal.throwIfAborted();
        rmSync(path, { recursive: true, force: true });
        for (const folder of [data, settings]) if (existsSync(folder)) syncFolder(folder);
        progress(at + 1, paths.length);
      }
      note('keys, documents and settings are removed; a disk may hold what was deleted until it is written over');
    },
    undo: null,
  };
}

/** The volumes in which the stores keep documents, rows and vectors. */
export function removeVolumes(host: RunningHost): Phase {
  const { contents } = host;
  return {
    name: 'volumes',
    title: 'Remove the volumes of the stores',
    seconds: 5,
    check: async () => (await heldBy(host, contents.volumes))?.length === 0,
    async do({ signal, note, progress }) {
      if (!(await wakeEngine(host, signal))) return;
      const names = await contents.volumes();
      for (const [at, name] of names.entries()) {
        signal.throwIfAborted();
        await contents.removeVolume(name);
        progress(at + 1, names.length);
      }
      note(`removed: ${names.join(', ')}`);
    },
    undo: null,
  };
}
