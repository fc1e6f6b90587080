import type { Found } from './choose.ts';

/** The manifest of a batch, as far as the browser makes or changes it. */
export interface ManifestEntry {
  file_id: string;
  filename: string;
  mime_type: string;
  size_bytes: number;
  sha256: string;
  upload_id?: string;
  [more: string]: unknown;
}

export interface ManifestDraft {
  batch_id: string;
  tenant_id: string;
  file_count: number;
  files: ManifestEntry[];
  [more: string]: unknown;
}

/** A file on its way, and what is known of it. */
export interface Outgoing {
  entry: ManifestEntry;
  file: File;
}

export const MANIFEST_NAME = 'manifest.json';
/** What a manifest takes for a name. */
const LONGEST_NAME = 255;

const TYPES: Readonly<Record<string, string>> = Object.freeze({
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  txt: 'text/plain',
  csv: 'text/csv',
  png: 'image/png',
  tif: 'image/tiff',
  tiff: 'image/tiff',
});

/** A manifest of files that have none, their hashes still to come. A name says where in the folder a file lies: it is data. */
export function draft(files: readonly Found[]): Outgoing[] {
  const digits = String(files.length).length;
  return files.map(({ file, path }, at) => ({
    file,
    entry: {
      file_id: `f${String(at + 1).padStart(digits, '0')}`,
      filename: path.length > LONGEST_NAME ? file.name : path,
      mime_type: TYPES[file.name.split('.').at(-1)!.toLowerCase()] ?? 'application/octet-stream',
      size_bytes: file.size,
      sha256: '',
    },
  }));
}

/**
 * The folder's own manifest, which says more than one that is made of its files: it counts as it stands. Null where it names a
 * file that is not there, or is none.
 */
export async function ownManifest(
  file: File,
  files: readonly Found[],
): Promise<{ manifest: ManifestDraft; outgoing: Outgoing[] } | null> {
  try {
    const manifest = JSON.parse(await file.text()) as ManifestDraft;
    const byName = new Map(files.map((one) => [one.path, one.file]));
    const outgoing = manifest.files.map((entry) => ({ entry, file: byName.get(entry.filename) }));
    if (outgoing.some((one) => one.file === undefined)) return null;
    return { manifest, outgoing: outgoing as Outgoing[] };
  } catch {
    return null;
  }
}

/** What is sent: the folder's own manifest, or one of the files, under this batch's id. */
export function finished(base: Partial<ManifestDraft>, tenant: string, batch: string, outgoing: readonly Outgoing[]) {
  return {
    ...base,
    batch_id: batch,
    tenant_id: tenant,
    file_count: outgoing.length,
    files: outgoing.map(({ entry }) => entry),
  };
}

/** An id that a batch can have, and that its sender recognises. */
export function batchIdNow(now = new Date()): string {
  const random = [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(16).padStart(2, '0'));
  return `web-${now.toISOString().slice(0, 16).replaceAll(/[-:]/g, '').replace('T', '-')}-${random.join('')}`;
}
