import { sha256Hex } from '../kernel/digest.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import type { ObjectStore } from '../stores/object/port.ts';
import type { DocumentRow } from '../stores/record/rows.ts';
import { CanonicalDocument } from './document.ts';
import { EnrichedDocument } from './enriched.ts';
import { canonicalKey, enrichedKey } from './keys.ts';

/** Above what the parser's answer may hold, so that whatever was parsed can be read again. */
const LARGEST_OBJECT = 512 * 1024 * 1024;

/** Reads what an earlier stage wrote, and checks that it is byte for byte what that stage recorded. */
type Source = { tenant_id: string; objects: Pick<ObjectStore, 'read'> };

/** The canonical document of the current version. Throws `OBJECT_CORRUPTED` where the bytes are not the recorded ones. */
export async function loadCanonical(source: Source, document: DocumentRow): Promise<CanonicalDocument> {
  const hash = recorded(document.canonical_sha256, 'canonical document');
  const bytes = await readVerified(source.objects, canonicalKey(source.tenant_id, document.doc_id, hash), hash);
  return CanonicalDocument.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
}

/** The document after the gates. Throws `OBJECT_CORRUPTED` where the bytes are not the recorded ones. */
export async function loadEnriched(source: Source, document: DocumentRow): Promise<EnrichedDocument> {
  const canonical = recorded(document.canonical_sha256, 'canonical document');
  const hash = recorded(document.enriched_sha256, 'enriched document');
  const bytes = await readVerified(
    source.objects,
    enrichedKey(source.tenant_id, document.doc_id, canonical, hash),
    hash,
  );
  return EnrichedDocument.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
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
