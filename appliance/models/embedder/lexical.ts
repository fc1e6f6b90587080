import { lexicalEvidence, STRONG_EVIDENCE } from './lexical/evidence.ts';
import { lexicalVector } from './lexical/vector.ts';
import type { Embedder } from './port.ts';

/**
 * The built-in embedder (spec 2 D): words, word pairs and pieces of words, hashed into 768 dimensions. No weights, no
 * network, the same bits on every machine. It knows spelling, not meaning, so full text leads where it is used.
 */
export function lexicalEmbedder(): Embedder {
  return {
    model: 'lexical',
    // Every change of a vector, however small, is another version: stored vectors would no longer compare.
    version: '1',
    dimensions: 768,
    evidenceThreshold: STRONG_EVIDENCE,
    embedDocuments: async (texts) => texts.map(lexicalVector),
    embedQuery: async (text) => lexicalVector(text),
    evidence: lexicalEvidence,
    close: async () => {},
  };
}
