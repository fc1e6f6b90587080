import { sha256Hex } from '../kernel/digest.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { DIMENSIONS } from '../models/embedder/port.ts';
import type { ObjectStore } from '../stores/object/port.ts';
import type { DocumentRow } from '../stores/record/rows.ts';
import { CanonicalDocument } from './document.ts';
import { EnrichedDocument } from './enriched.ts';
import { canonicalKey, enrichedKey, vectorsKey } from './keys.ts';

/** Above what the parser's answer may hold, so that whatever was parsed can be read again. */
export const LARGEST_OBJECT = 512 * 1024 * 1024;

/** Reads what an earlier stage wrote, and checks that it is byte for byte what that stage recorded. */
type Source = { tenant_id: string; objects: Pick<ObjectStore, 'read'> };

/** The canonical document of a version. Throws `OBJECT_CORRUPTED` where the bytes are not the recorded ones. */
export async function loadCanonical(
  source: Source,
  document: Pick<DocumentRow, 'doc_id' | 'canonical_sha256'>,
): Promise<CanonicalDocument> {
  const hash = recorded(document.canonical_sha256, 'canonical document');
  const bytes = await readVerified(source.objects, canonicalKey(source.tenant_id, document.doc_id, hash), hash);
  return CanonicalDocument.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
}

/** A version after the gates. Throws `OBJECT_CORRUPTED` where the bytes are not the recorded ones. */
export async function loadEnriched(
  source: Source,
  document: Pick<DocumentRow, 'doc_id' | 'canonical_sha256' | 'enriched_sha256'>,
): Promise<EnrichedDocument> {
  const canonical = recorded(document.canonical_sha256, 'canonical document');
  const hash = recorded(document.enriched_sha256, 'enriched document');
  const bytes = await readVerified(
    source.objects,
    enrichedKey(source.tenant_id, document.doc_id, canonical, hash),
    hash,
  );
  return EnrichedDocument.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
}

/**
 * The vectors of a version, one for each of its `count` embedded chunks, in their order. Throws `OBJECT_CORRUPTED` where
 * the bytes are not the recorded ones and `DIMENSION_MISMATCH` where they are not that many vectors.
 */
export async function loadVectors(
  source: Source,
  version: Pick<DocumentRow, 'doc_id' | 'canonical_sha256' | 'vectors_sha256'>,
  count: number,
): Promise<Float32Array[]> {
  const hash = recorded(version.vectors_sha256, 'vectors');
  const canonical = recorded(version.canonical_sha256, 'canonical document');
  const key = vectorsKey(source.tenant_id, version.doc_id, canonical, hash);
  const bytes = await readVerified(source.objects, key, hash);
  if (bytes.byteLength !== count * DIMENSIONS * 4) {
    throw new FrostbyteError(
      'DIMENSION_MISMATCH',
      `There are ${bytes.byteLength} bytes of vectors for ${count} chunks of ${DIMENSIONS} dimensions.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, i) =>
    Float32Array.from({ length: DIMENSIONS }, (_, j) => view.getFloat32((i * DIMENSIONS + j) * 4, true)),
  );
}

/** An object whose SHA-256 is known. */
export async function readVerified(
  objects: Pick<ObjectStore, 'read'>,
  key: string,
  sha256: string,
): Promise<Uint8Array> {
  const bytes = await objects.read(key, LARGEST_OBJECT);
  if (sha256Hex(bytes) !== sha256) {
    throw new FrostbyteError(
      'OBJECT_CORRUPTED',
      'A stored object is not what was recorded when it was written; restore it from a backup.',
    );
  }
  return bytes;
}

/** A hash that an earlier stage must have recorded. */
export function recorded(hash: string | null, what: string): string {
  if (hash !== null) return hash;
  throw new FrostbyteError('INTERNAL_ERROR', `The ${what} of this document was never recorded.`);
}
