import type { FileHandle } from 'node:fs/promises';
import { namesIn, type Place, placeOf } from './handles.ts';

/** Where a file of a manifest lies in its folder, whatever form its name was written in. */

/** Names of a folder that are read, to find a file whose name was composed otherwise or to see that there is anything. */
export const MOST_NAMES = 25_000;

export interface Located {
  name: string;
  place: Place;
}

/** Names of a folder by their composed form. */
export type ComposedNames = () => Promise<ReadonlyMap<string, string>>;

/** The first of the names that something bears, or null. */
export async function locate(
  folder: FileHandle,
  names: readonly string[],
  composed: ComposedNames,
): Promise<Located | null> {
  for (const name of names) {
    const place = await placeOf(folder, name);
    if (place !== null) return { name, place };
  }
  for (const name of await otherForms(names, composed)) {
    const place = await placeOf(folder, name);
    if (place !== null) return { name, place };
  }
  return null;
}

/**
 * Names in the folder that are the same to a reader and others to the disk: some systems write é as e and an accent. The
 * folder is read only for names that can be written in two ways.
 */
export async function otherForms(names: readonly string[], composed: ComposedNames): Promise<string[]> {
  const found: string[] = [];
  for (const wanted of names) {
    if (/^[\x20-\x7e]*$/.test(wanted)) continue;
    const name = (await composed()).get(wanted.normalize('NFC'));
    if (name !== undefined && name !== wanted) found.push(name);
  }
  return found;
}

/** Reads the folder once, and only when asked for; ambiguous names are left out. */
export function composedNames(folder: FileHandle): ComposedNames {
  let known: Promise<ReadonlyMap<string, string>> | undefined;
  const read = async () => {
    const names = new Map<string, string>();
    const twice = new Set<string>();
    for (const { name } of (await namesIn(folder, MOST_NAMES)).names) {
      const key = name.normalize('NFC');
      if (names.has(key)) twice.add(key);
      names.set(key, name);
    }
    for (const key of twice) names.delete(key);
    return names;
  };
  return () => {
    known ??= read();
    return known;
  };
}
