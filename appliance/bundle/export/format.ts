import { z } from 'zod';
import { FrostbyteError } from '../../kernel/errors.ts';

/**
 * An export: what a tenant's search may show, with all that proves it, in one tar for whoever has no appliance. Names in their
 * order: documents, receipts, reports, the log, what it says of itself, and last the list of all and its signature.
 */
export const EXPORT_NAMESPACE = 'frostbyte-export';
/** Whom the host’s own key is known as. */
export const EXPORT_IDENTITY = 'frostbyte-host';

export const DOCUMENTS = 'documents/';
export const PARTS = Object.freeze({
  facts: 'document.json',
  raw: 'raw',
  canonical: 'canonical.json',
  chunks: 'chunks.jsonl',
  vectors: 'vectors.f32',
});
export const RECEIPTS = 'receipts.jsonl';
export const REPORTS = 'reports.jsonl';
export const LOG = 'audit/log.jsonl';
export const README = 'README.txt';
export const KEY = 'export.pub';
export const MANIFEST = 'EXPORT.json';
export const SUMS = 'SHA256SUMS';
export const SIGNATURE = 'SHA256SUMS.sig';

/** What is read whole of a foreign export. */
export const LARGEST = Object.freeze({ manifest: 1 << 20, small: 64 << 20, document: 512 << 20, line: 16 << 20 });

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().min(0);
const tenantId = z.string().regex(/^[a-z][a-z0-9]{2,31}$/);
const model = z.strictObject({ embed_model: z.string().max(200), embed_version: z.string().max(200) });

const Manifest = z.strictObject({
  format: z.literal(1),
  export_id: z.uuid(),
  tenant_id: tenantId,
  made_at: z.iso.datetime({ precision: 3 }),
  /** Release of the program that made it. */
  version: z.string().max(100),
  documents: count,
  chunks: count,
  receipts: count,
  reports: count,
  /** Documents that are not in it, by their state: held, in quarantine, at work, failed. */
  left_out: z.record(z.string().max(40), count),
  /** The models that made the vectors. */
  models: z.array(model).max(100),
  log: z.strictObject({ size: count, root: sha256 }),
});
export type ExportManifest = z.infer<typeof Manifest>;

/** What is told of a document beside its content. */
const Facts = z.strictObject({
  doc_id: z.string().regex(/^doc_[0-9a-f]{16}$/),
  original_filename: z.string().min(1).max(255),
  mime_type: z.string().min(3).max(255),
  size_bytes: count,
  raw_sha256: sha256,
  canonical_sha256: sha256,
  chunks: count,
  received_at: z.string().max(40),
  retention_until: z.string().max(40),
  batch_id: z.string().max(128),
  receipt_id: z.string().max(64),
  classification: z.string().max(100).nullable(),
  metadata: z.record(z.string().max(64), z.unknown()),
});
export type DocumentFacts = z.infer<typeof Facts>;

/** A chunk’s line, as far as it is held against something. */
const Chunk = z.looseObject({
  chunk_id: z.string().regex(/^chk_[0-9a-f]{16}$/),
  doc_id: z.string().max(64),
  text: z.string(),
  vector_sha256: sha256,
});
export type ExportedChunk = z.infer<typeof Chunk>;

export const manifestBytes = (manifest: ExportManifest): Buffer =>
  Buffer.from(`${JSON.stringify(Manifest.parse(manifest), null, 2)}\n`);
export const factsBytes = (facts: DocumentFacts): Buffer => Buffer.from(`${JSON.stringify(Facts.parse(facts))}\n`);

/** Reads what an export says of itself; every field is hostile. Throws `OBJECT_CORRUPTED`, `VALIDATION_ERROR` for a later format. */
export function readManifest(bytes: Uint8Array): ExportManifest {
  const value = parsed(bytes, MANIFEST) as { format?: unknown };
  if (typeof value?.format === 'number' && value.format > 1)
    throw new FrostbyteError(
      'VALIDATION_ERROR',
      `The export has format ${value.format}; this release reads format 1. Take a later release.`,
    );
  return held(Manifest, value, MANIFEST);
}
export const readFacts = (bytes: Uint8Array, path: string): DocumentFacts => held(Facts, parsed(bytes, path), path);
export const readChunk = (line: string, path: string): ExportedChunk =>
  held(Chunk, parsed(Buffer.from(line), path), path);

function parsed(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new FrostbyteError('OBJECT_CORRUPTED', `The export is damaged: ${path} is no JSON.`, { cause });
  }
}

function held<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw damagedExport(path, `does not hold in ${issue?.path.join('.') || 'its form'}`);
}

export function damagedExport(what: string, how: string): FrostbyteError {
  return new FrostbyteError('OBJECT_CORRUPTED', `The export is damaged, or was altered: ${what} ${how}.`, {
    details: [{ field: 'file', value: what, constraint: how }],
  });
}

/** What a person types who has nothing of ours; `signer` is known by another way than this file. */
export const readme = (
  file: string,
  signer: string,
): string => `An export of a tenant of a Frostbyte appliance: its documents, their text and chunks,
the vectors that search went by, receipts, acceptance reports and the whole audit log. EXPORT.json says how many of each.

Everything is named in SHA256SUMS, and that is signed. The key's fingerprint, which you should have had by another way than
this file:

    ${signer}

    $ mkdir export && tar -xf ${file} -C export && cd export
    $ sha256sum -c --quiet SHA256SUMS
    $ find . -type f ! -name SHA256SUMS ! -name SHA256SUMS.sig | wc -l    # as many as: wc -l < SHA256SUMS
    $ ssh-keygen -l -f ${KEY}
    $ printf '${EXPORT_IDENTITY} %s\\n' "$(cat ${KEY})" > signer
    $ ssh-keygen -Y verify -f signer -I ${EXPORT_IDENTITY} -n ${EXPORT_NAMESPACE} -s ${SIGNATURE} < ${SUMS}

With Frostbyte, and no appliance, the log's tree and each document's chain too:

    $ frostbyte export verify ${file} --fingerprint "$FINGERPRINT"

documents/ID/ holds the file as it came (raw), the canonical document, one chunk a line as search shows it, and their vectors in the
same order (768 little-endian float32 each). audit/log.jsonl holds one event a line, in the order of the log; a leaf of its
tree (RFC 6962) is the event as canonical JSON (RFC 8785) without log_index.
`;
