import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MOST_CONTROL_BYTES } from '../../appliance/bundle/format/control-files.ts';
import { type BundleManifest, MOST_FILES } from '../../appliance/bundle/format/manifest.ts';
import { signMessage } from '../../appliance/bundle/sshsig/signature.ts';
import { BUNDLE_NAMESPACE } from '../../appliance/bundle/verify/trust.ts';
import { canonicalJson } from '../../appliance/kernel/canonical-json.ts';
import { sha256Hex } from '../../appliance/kernel/digest.ts';
import type { BundleCode } from '../../appliance/kernel/errors.ts';
import type { BundleWorld } from './bundle-world.ts';

type File = BundleManifest['files'][number];

/**
 * Lists that a release key did sign, and that no verifier takes all the same: a signer who was deceived, or is the one who
 * deceives, must not get a file to where it does not belong.
 */
export const SPOILT_LISTS: Readonly<
  Record<
    string,
    {
      files(files: readonly File[]): File[];
      manifest?(text: string): string;
      sums?(text: string): string;
      code: BundleCode;
    }
  >
> = {
  'name a path twice': { files: (files) => [...files, files[0]!], code: 'BUNDLE_PATH_TWICE' },
  'name paths that differ in case alone': {
    files: (files) => [...files, { ...files[0]!, path: 'readme.TXT' }],
    code: 'BUNDLE_PATH_CASE',
  },
  'name a way up': { files: (files) => [...files, { ...files[0]!, path: 'docs/../../x' }], code: 'BUNDLE_PATH_UPWARD' },
  'name an absolute path': {
    files: (files) => [...files, { ...files[0]!, path: '/etc/x' }],
    code: 'BUNDLE_PATH_ABSOLUTE',
  },
  'name a path that no bundle has': {
    files: (files) => [...files, { ...files[0]!, path: 'docs/-x' }],
    code: 'BUNDLE_PATH_REFUSED',
  },
  'say different things': {
    files: (files) => [...files],
    sums: (text) => text.replace(/^[0-9a-f]{64}/, '0'.repeat(64)),
    code: 'BUNDLE_LISTS_DIFFER',
  },
  'are no list of a bundle': {
    files: (files) => [...files],
    manifest: () => '{"a list":"of something else"}\n',
    code: 'BUNDLE_MANIFEST_INVALID',
  },
  'hold a line that is none': {
    files: (files) => [...files],
    sums: (text) => `${text}a word to whoever reads this\n`,
    code: 'BUNDLE_MANIFEST_INVALID',
  },
  'name more files than any bundle has': {
    files: (files) => withMore(files, MOST_FILES + 1),
    code: 'BUNDLE_TOO_LARGE',
  },
  'name as many files as a bundle may, of which most are missing': {
    files: (files) => withMore(files, MOST_FILES),
    code: 'BUNDLE_FILE_MISSING',
  },
  'are larger than any': {
    files: (files) => [...files],
    sums: (text) => text + `${'0'.repeat(64)}  x\n`.repeat(MOST_CONTROL_BYTES / 60),
    code: 'BUNDLE_TOO_LARGE',
  },
};

/** So many files, those that are there first. */
const withMore = (files: readonly File[], count: number): File[] => [
  ...files,
  ...Array.from({ length: count - files.length }, (_, n) => ({ ...files[0]!, path: `bomb/${n}` })),
];

/** Writes such lists into the folder of a bundle and signs them. */
export function spoilLists(folder: string, name: string, { release }: Pick<BundleWorld, 'release'>): void {
  const same = (text: string) => text;
  const { files, manifest: write = same, sums = same } = SPOILT_LISTS[name]!;
  const manifest = JSON.parse(readFileSync(join(folder, 'MANIFEST.json'), 'utf8')) as BundleManifest;
  const ordered = [...manifest.files].sort((a, b) => Number(b.path === 'README.txt') - Number(a.path === 'README.txt'));
  const spoilt = { ...manifest, files: files(ordered) };
  const text = write(`${canonicalJson(spoilt)}\n`);
  const lines = [...spoilt.files.map(({ path, sha256 }) => [sha256, path]), [sha256Hex(text), 'MANIFEST.json']];
  const listed = sums(lines.map(([hash, path]) => `${hash}  ${path}\n`).join(''));
  for (const [file, content] of [
    ['MANIFEST.json', text],
    ['SHA256SUMS', listed],
  ] as const) {
    writeFileSync(join(folder, file), content);
    writeFileSync(join(folder, `${file}.sig`), signMessage(Buffer.from(content), release, BUNDLE_NAMESPACE));
  }
}
