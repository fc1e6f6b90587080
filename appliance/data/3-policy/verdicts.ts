import { sha256Hex } from '../../kernel/digest.ts';
import type { BoundChunk, DocumentRow } from '../../stores/record/rows.ts';
import type { Classification, PiiType } from '../enriched.ts';
import { holdsPassage } from './passages.ts';

/** What people decided about a document, as it stands on its row. */
export type Decisions = Pick<DocumentRow, 'review' | 'release' | 'rejection'>;

/**
 * The same as questions that the gates ask. A chunk is the one that was released only with the same text at the same place;
 * what another parser finds there is judged anew. What was rejected is final, however the text is cut: a chunk that holds a
 * passage of it is rejected too.
 */
export interface Verdicts {
  /** The class that a person named, or null. */
  readonly classification: Classification | null;
  /** What a block for these types becomes; null where it stays a block. */
  piiAction(found: readonly PiiType[]): 'redact' | 'flag' | null;
  isReleased(chunkId: string, text: string): boolean;
  isRejected(chunkId: string, text: string): boolean;
  /** Whether a hidden text was known when something of the document was released. */
  isKnownHidden(textSha256: string): boolean;
}

/** O(decided chunks); a text is hashed only where its chunk was decided about, or something was rejected. */
export function verdictsOf({ review, release, rejection }: Decisions): Verdicts {
  const released = byId(release?.chunks);
  const rejected = byId(rejection?.chunks);
  const passages = new Set(rejection?.passages);
  const hidden = new Set(release?.hidden_text);
  const isIn = (chunks: ReadonlyMap<string, string>, id: string, text: string) =>
    chunks.has(id) && chunks.get(id) === sha256Hex(text);
  const isRejected = (id: string, text: string) =>
    isIn(rejected, id, text) || (passages.size > 0 && holdsPassage(text, passages));
  return {
    classification: (review?.classification as Classification | undefined) ?? null,
    piiAction(found) {
      const pii = release?.pii ?? null;
      return pii !== null && found.every((type) => pii.types.includes(type)) ? pii.action : null;
    },
    isReleased: (id, text) => isIn(released, id, text) && !isRejected(id, text),
    isRejected,
    isKnownHidden: (sha256) => hidden.has(sha256),
  };
}

/** Nobody decided anything. */
export const UNDECIDED: Decisions = Object.freeze({ review: null, release: null, rejection: null });

/** How a chunk is bound to a decision: its id and the hash of its text before the gates. */
export function bind({ chunk_id, text }: { chunk_id: string; text: string }): BoundChunk {
  return { chunk_id, text_sha256: sha256Hex(text) };
}

function byId(chunks: readonly BoundChunk[] = []): ReadonlyMap<string, string> {
  return new Map(chunks.map(({ chunk_id, text_sha256 }) => [chunk_id, text_sha256]));
}
