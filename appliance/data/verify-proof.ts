import { createHash } from 'node:crypto';
import type { RetrievalProof } from '../api/schemas/query.ts';
import { sha256Hex } from '../kernel/digest.ts';
import { chunkId, docId } from '../kernel/ids.ts';
import type { ObjectStore } from '../stores/object/port.ts';
import { CanonicalDocument } from './document.ts';
import { canonicalKey, pageKey, rawKey } from './keys.ts';
import { LARGEST_OBJECT } from './load.ts';

export type ProofChunk = RetrievalProof['chunks'][number];

/** The objects that a proof's chunk names, as they lie in the store; null where one is not there. */
export interface ProofEvidence {
  /** SHA-256 of the raw file, hex. */
  raw_sha256: string | null;
  canonical: Uint8Array | null;
  page: Uint8Array | null;
}

/** The field of the chunk that does not stand, and why. */
export interface ProofProblem {
  field: keyof ProofChunk;
  problem: 'missing' | 'hash_differs' | 'id_differs' | 'not_in_version' | 'text_differs';
}

type Verdict = ProofProblem | null;

/**
 * Holds a chunk of a saved retrieval proof against the objects it names: the raw file and the document id made of it, the
 * canonical version and its page, the chunk's id and its place in that version, and that its text is the slice of the
 * page (where the policy redacted it: around what was redacted). A later version of the document changes nothing, since
 * each version stays under its own hash. The first problem, or null. Every field is taken for hostile. Pure.
 * O(canonical document).
 */
export function verifyProofChunk(chunk: ProofChunk, evidence: ProofEvidence, tenantId: string): Verdict {
  const { source_sha256, canonical_sha256, doc_id } = chunk;
  const canonicalHash = evidence.canonical && sha256Hex(evidence.canonical);
  return (
    sameHash('source_sha256', source_sha256, evidence.raw_sha256) ??
    sameId('doc_id', doc_id, docId(tenantId, source_sha256)) ??
    sameHash('canonical_sha256', canonical_sha256, canonicalHash) ??
    inVersion(chunk, evidence)
  );
}

/** Fetches what a chunk names from a tenant's objects. The raw file is hashed as it streams. */
export async function proofEvidence(
  objects: Pick<ObjectStore, 'get' | 'read' | 'size'>,
  chunk: ProofChunk,
  tenantId: string,
): Promise<ProofEvidence> {
  const { doc_id, source_sha256, canonical_sha256, page } = chunk;
  const has = async (key: string) => (await objects.size(key)) !== null;
  const bytes = async (key: string) => ((await has(key)) ? objects.read(key, LARGEST_OBJECT) : null);
  const raw = rawKey(tenantId, doc_id, source_sha256);
  const hash = createHash('sha256');
  const found = await has(raw);
  if (found) for await (const part of await objects.get(raw)) hash.update(part as Uint8Array);
  return {
    raw_sha256: found ? hash.digest('hex') : null,
    canonical: await bytes(canonicalKey(tenantId, doc_id, canonical_sha256)),
    page: await bytes(pageKey(tenantId, doc_id, canonical_sha256, page)),
  };
}

/** The canonical bytes are the ones the proof names; now the chunk must be in them. */
function inVersion(chunk: ProofChunk, { canonical, page: pageBytes }: ProofEvidence): Verdict {
  const { doc_id, source_sha256, page, start_char, end_char, chunk_id } = chunk;
  const version = readVersion(canonical!);
  const told = version?.pages.find((each) => each.page === page);
  if (version?.doc_id !== doc_id) return { field: 'doc_id', problem: 'not_in_version' };
  if (version.lineage.raw_sha256 !== source_sha256) return { field: 'source_sha256', problem: 'not_in_version' };
  if (told === undefined) return { field: 'page', problem: 'not_in_version' };
  const text = pageBytes && Buffer.from(pageBytes).toString('utf8');
  return (
    sameHash('page', told.text_sha256, pageBytes && sha256Hex(pageBytes)) ??
    sameId('chunk_id', chunk_id, chunkId(doc_id, page, start_char, end_char)) ??
    (version.chunks.some((each) => each.chunk_id === chunk_id)
      ? null
      : ({ field: 'chunk_id', problem: 'not_in_version' } as const)) ??
    (isRenderingOf(chunk.text, text!.slice(start_char, end_char)) ? null : { field: 'text', problem: 'text_differs' })
  );
}

function readVersion(bytes: Uint8Array): CanonicalDocument | null {
  try {
    return CanonicalDocument.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}

function sameHash(field: keyof ProofChunk, told: string, found: string | null): Verdict {
  if (found === null) return { field, problem: 'missing' };
  return told === found ? null : { field, problem: 'hash_differs' };
}

function sameId(field: keyof ProofChunk, told: string, made: string): Verdict {
  return told === made ? null : { field, problem: 'id_differs' };
}

const REDACTED = /\[REDACTED:[A-Z_]+\]/;

/** Whether `shown` is `original` itself, or `original` with stretches of it redacted. O(text). */
function isRenderingOf(shown: string, original: string): boolean {
  if (shown === original) return true;
  const [first, ...rest] = shown.split(REDACTED);
  const last = rest.pop();
  if (last === undefined || !original.startsWith(first!)) return false;
  let at = first!.length;
  for (const piece of rest) {
    // What was redacted was at least a character long.
    const found = original.indexOf(piece, at + 1);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return original.length - last.length > at && original.endsWith(last);
}
