import type { ManifestFile } from '../../api/manifest.ts';

/**
 * Which file of the manifest a part is: by its file id as part name or file name; else by the name of exactly one file;
 * else, once all parts are there, by order among those that are left.
 */
export class PartMatcher {
  readonly #byId: Map<string, ManifestFile>;
  readonly #byName = new Map<string, ManifestFile | null>();

  constructor(files: readonly ManifestFile[]) {
    this.#byId = new Map(files.map((file) => [file.file_id, file]));
    for (const file of files) this.#byName.set(file.filename, this.#byName.has(file.filename) ? null : file);
  }

  /** The file that a part names, or null where only the order can tell. */
  named(part: { name: string; filename: string | null }): ManifestFile | null {
    const { name, filename } = part;
    const byId = this.#byId.get(name) ?? (filename === null ? undefined : this.#byId.get(filename));
    return byId ?? (filename === null ? null : (this.#byName.get(filename) ?? null));
  }
}

/** Pairs the parts without a name with the files left over, in order. What finds no partner stays in `parts`. */
export function pairInOrder<T>(
  parts: readonly T[],
  files: readonly ManifestFile[],
): { pairs: [ManifestFile, T][]; left: T[] } {
  const pairs = files.slice(0, parts.length).map((file, at): [ManifestFile, T] => [file, parts[at]!]);
  return { pairs, left: parts.slice(files.length) };
}
