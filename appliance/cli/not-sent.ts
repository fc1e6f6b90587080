import type { Manifest } from '../api/manifest.ts';
import { folderEntries } from '../data/1-intake/folder-entries.ts';
import { printable } from './output.ts';

/** No more names stand in one line. */
const MOST_NAMED = 5;

/** What lies in a folder and is not in the manifest, one line a kind: nothing stays behind without a word. */
export async function notSent(dir: string, { files: named }: Pick<Manifest, 'files'>): Promise<string[]> {
  const known = new Set(named.map(({ filename }) => filename));
  const { files, links, folders, specials, hidden } = await folderEntries(dir);
  const rest = (names: readonly string[]) => names.filter((name) => !known.has(name));
  return [
    line('not in the manifest', rest(files)),
    line('a subfolder', folders),
    line('a link', rest(links)),
    line('a pipe, a socket or a device', rest(specials)),
    line('hidden', rest(hidden)),
  ].flat();
}

function line(why: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return [`not sent (${why}): ${names.slice(0, MOST_NAMED).map(printable).join(', ')}${more}`];
}
