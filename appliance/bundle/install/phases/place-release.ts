import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256Hex } from '../../../kernel/digest.ts';
import { syncFolder, syncTree } from '../../../kernel/durable-file.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { fileSha256 } from '../../../kernel/file-digest.ts';
import { MANIFEST } from '../../format/checksums.ts';
import { readManifest } from '../../format/manifest.ts';
import type { HostLayout } from '../../host-layout.ts';
import type { Phase } from '../../operation/phase.ts';

/** Bytes a second that a host hashes at least. */
const PACE = 300 << 20;

/**
 * Puts the release from the quarantine beside those that are there: every byte is held against the signed manifest once more,
 * since days may lie between the two, and its files are linked, so that it takes no room twice. It has its name only when it
 * is whole.
 */
export function placeRelease(
  { releases, quarantine }: HostLayout,
  release: { version: string; manifest_sha256: string; bytes: number },
): Phase {
  const target = join(releases, release.version);
  const incoming = join(releases, `.${release.version}.incoming`);
  const source = join(quarantine, release.version);
  return {
    name: 'release',
    title: `Put release ${release.version} in its place`,
    seconds: 1 + release.bytes / PACE,
    check: async () => manifestOf(target) === release.manifest_sha256,
    before: async () => existsSync(target),
    async do({ progress, signal }) {
      if (manifestOf(source) !== release.manifest_sha256) throw notInQuarantine(source);
      if (existsSync(target)) throw taken(target);
      const manifest = readManifest(readFileSync(join(source, MANIFEST), 'utf8'));
      const parts = new Set(manifest.joined.flatMap((whole) => whole.parts));
      const files = [...manifest.files.filter(({ path }) => !parts.has(path)), ...manifest.joined];
      const total = files.reduce((sum, { size }) => sum + size, 0);
      rmSync(incoming, { recursive: true, force: true });
      let done = 0;
      for (const { path, sha256, size } of files) {
        signal.throwIfAborted();
        if ((await fileSha256(join(source, path))) !== sha256) throw altered(path);
        link(source, incoming, path);
        done += size;
        progress(done, total);
      }
      for (const path of controlFiles(source)) if (!existsSync(join(incoming, path))) link(source, incoming, path);
      syncTree(incoming);
      renameSync(incoming, target);
      syncFolder(releases);
    },
    async undo({ before }) {
      rmSync(incoming, { recursive: true, force: true });
      if (before === true) return;
      rmSync(target, { recursive: true, force: true });
      syncFolder(releases);
    },
  };
}

/** The hash of the manifest of a release; null where there is none. */
export function manifestOf(folder: string): string | null {
  const file = join(folder, MANIFEST);
  return existsSync(file) ? sha256Hex(readFileSync(file)) : null;
}

/** What stands beside the listed files: the manifest, the checksums, what signs them. */
function controlFiles(folder: string): string[] {
  const beside = readdirSync(folder).filter((name) => /^(?:MANIFEST\.json|SHA256SUMS)(?:\.sig)?$/.test(name));
  return beside.sort();
}

function link(from: string, to: string, path: string): void {
  mkdirSync(dirname(join(to, path)), { recursive: true, mode: 0o755 });
  linkSync(join(from, path), join(to, path));
}

function notInQuarantine(source: string): FrostbyteError {
  return new FrostbyteError(
    'BUNDLE_FILE_MISSING',
    `The verified copy of the release is not at ${source}. Run install.sh from the medium again: it verifies and copies it.`,
    { details: [{ field: 'path', value: source, constraint: 'the copy that was verified' }] },
  );
}

function taken(target: string): FrostbyteError {
  return new FrostbyteError(
    'BUNDLE_FILE_EXTRA',
    `There is another release at ${target}. It is left as it is: move it away, or remove it, and go on.`,
    { details: [{ field: 'path', value: target, constraint: 'not there, or this release' }] },
  );
}

function altered(path: string): FrostbyteError {
  return new FrostbyteError(
    'BUNDLE_FILE_ALTERED',
    `${path} is not what was verified. Look at this host’s disk, and run install.sh from the medium again.`,
    { details: [{ field: 'path', value: path, constraint: 'as the manifest says' }] },
  );
}
