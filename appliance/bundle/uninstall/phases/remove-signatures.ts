import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '../../../kernel/durable-file.ts';
import type { HostLayout } from '../../host-layout.ts';
import { NEWEST_UPDATES, newestUpdates } from '../../install/known-trust.ts';
import type { Phase } from '../../operation/phase.ts';

/** Takes the malware signatures away that releases and updates brought. Others that lie there are the site’s. */
export function removeSignatures({ releases, data, settings }: HostLayout): Phase {
  const folder = join(data, 'signatures');
  const updated = () => {
    const file = join(settings, NEWEST_UPDATES);
    return existsSync(file) ? (newestUpdates(readFileSync(file, 'utf8'), file)['malware-signatures']?.files ?? []) : [];
  };
  const brought = () => {
    const names = existsSync(releases) ? readdirSync(releases) : [];
    const all = names.flatMap((release) => namesIn(join(releases, release, 'signatures')));
    return [...new Set([...all, ...updated()])].filter((name) => existsSync(join(folder, name)));
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
