import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '../../../kernel/durable-file.ts';
import type { HostLayout } from '../../host-layout.ts';
import type { Phase } from '../../operation/phase.ts';

/** Takes the malware signatures away that the releases here brought. Others that lie there are the site’s. */
export function removeSignatures({ releases, data }: HostLayout): Phase {
  const folder = join(data, 'signatures');
  const brought = () => {
    const names = existsSync(releases) ? readdirSync(releases) : [];
    const all = names.flatMap((release) => namesIn(join(releases, release, 'signatures')));
    return [...new Set(all)].filter((name) => existsSync(join(folder, name)));
  };
  const isEmpty = () => existsSync(folder) && readdirSync(folder).length === 0;
  return {
    name: 'signatures',
    title: 'Remove the malware signatures that came with it',
    seconds: 0.5,
    check: async () => brought().length === 0 && !isEmpty(),
    async do() {
      for (const name of brought()) rmSync(join(folder, name));
      if (isEmpty()) rmdirSync(folder);
      syncFolder(data);
    },
    undo: null,
  };
}

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);
