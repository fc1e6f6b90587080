import { sha256Hex } from '../../../kernel/digest.ts';
import type { ServedModel } from '../over-socket/ask-embedder.ts';

/** What decides about the vectors: a change of any of it is another version. */
export interface EndpointModel {
  url: string;
  /** As the endpoint calls it. */
  model: string;
  /** Longer texts are cut into pieces, whose vectors are averaged: so much the model reads of any text. */
  max_characters: number;
  /** What the model wants before a document or a question; nothing for most. */
  document_prefix: string;
  query_prefix: string;
}

/** How texts become vectors here: pieces, mean, norm. Every change of it is another version. */
const MAKING = 1;

/** Not measured for models that are elsewhere: as with the model that was (docs/decisions). A tenant may set its own. */
const EVIDENCE: ServedModel['evidence'] = Object.freeze({ floor: 0, threshold: 0.6 });

/** Name and version of the vectors that an endpoint makes; the version tells one endpoint from another. */
export function servedByEndpoint(endpoint: EndpointModel): ServedModel {
  const { url, model, max_characters, document_prefix, query_prefix } = endpoint;
  const made = sha256Hex(JSON.stringify([url, model, max_characters, document_prefix, query_prefix]));
  return { name: model, version: `${made.slice(0, 8)}.${MAKING}`, evidence: EVIDENCE };
}
