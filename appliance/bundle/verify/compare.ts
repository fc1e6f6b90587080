import { CONTROL_FILES } from '../format/control-files.ts';
import type { BundleFile, BundleManifest } from '../format/manifest.ts';
import { differsInCase } from '../format/paths.ts';
import type { Hashed } from './hash-place.ts';
import type { Problem } from './problems.ts';

/** A file that the medium holds, as far as it is known: its size, and its hash where it was read. */
export interface Found {
  size: number;
  sha256?: string;
}

/**
 * Holds what a medium has against the manifest: what is missing, does not belong there, or has another size. Nothing is read
 * for it; `hashOf` is asked for files that might be missing ones under another name. O(files).
 */
export async function comparePresence(
  manifest: BundleManifest,
  found: ReadonlyMap<string, Found>,
  hashOf: (path: string) => Promise<string | null>,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const alike = differsInCase(new Set([...CONTROL_FILES, ...found.keys()]));
  if (alike !== null)
    problems.push({ code: 'BUNDLE_PATH_CASE', path: alike.path, remark: `it is ${alike.other} there` });
  const expected = new Map(manifest.files.map((file) => [file.path, file]));
  const parts = partsOf(manifest);
  const missing = manifest.files.filter(({ path }) => !found.has(path));
  const renamed = new Map<string, string>();
  for (const [path, { size }] of found) {
    if (expected.has(path)) continue;
    const candidates = missing.filter((file) => file.size === size && !renamed.has(file.path));
    const sha256 = candidates.length === 0 ? null : await hashOf(path);
    const was = candidates.find((file) => file.sha256 === sha256);
    if (was === undefined) problems.push({ code: 'BUNDLE_FILE_EXTRA', path, remark: `${size} bytes` });
    else renamed.set(was.path, path);
  }
  for (const { path, size } of missing) {
    const now = renamed.get(path);
    if (now !== undefined) problems.push({ code: 'BUNDLE_FILE_RENAMED', path, remark: `it is called ${now}` });
    else
      problems.push({
        code: parts.has(path) ? 'BUNDLE_PART_MISSING' : 'BUNDLE_FILE_MISSING',
        path,
        remark: `${size} bytes`,
      });
  }
  for (const file of manifest.files) {
    const there = found.get(file.path);
    if (there !== undefined && there.size !== file.size) problems.push(sizeProblem(file, there.size));
  }
  return problems;
}

/** What is wrong with a file that was read, or null. */
export function compareContent(manifest: BundleManifest, file: BundleFile, { sha256, bytes }: Hashed): Problem | null {
  if (bytes !== file.size) return sizeProblem(file, bytes);
  if (sha256 === file.sha256) return null;
  const siblings = manifest.joined.find(({ parts }) => parts.includes(file.path))?.parts ?? [];
  const other = manifest.files.find((each) => each.sha256 === sha256 && siblings.includes(each.path));
  const code = other === undefined ? 'BUNDLE_FILE_ALTERED' : 'BUNDLE_PART_SWAPPED';
  return {
    code,
    path: file.path,
    remark: other === undefined ? `its hash is ${sha256.slice(0, 16)}…` : `it is ${other.path}`,
  };
}

/** What is wrong with a file of another size. */
export function sizeProblem({ path, size }: BundleFile, is: number): Problem {
  const code = is < size ? 'BUNDLE_FILE_TRUNCATED' : 'BUNDLE_FILE_PADDED';
  return { code, path, remark: `${is} bytes, not ${size}` };
}

function partsOf({ joined }: BundleManifest): ReadonlySet<string> {
  return new Set(joined.flatMap(({ parts }) => parts));
}
