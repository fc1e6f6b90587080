import { lexicalEmbedder } from '../../../appliance/models/embedder/lexical.ts';
import type { Embedder } from '../../../appliance/models/embedder/port.ts';

/** An embedder under another name, whose vectors are another's turned by some places: near to none of that one's. */
export interface TurnedEmbedder extends Embedder {
  /** Every text that was embedded, in order. */
  readonly texts: string[];
  /** Called before each batch of documents; what it throws, the embedder throws. */
  before: (texts: readonly string[]) => Promise<void> | void;
}

export function turnedEmbedder(model = 'turned', version = '1'): TurnedEmbedder {
  const words = lexicalEmbedder();
  const turn = (vector: Float32Array): Float32Array => {
    const turned = new Float32Array(vector.length);
    for (const [at, number] of vector.entries()) turned[(at + 100) % vector.length] = number;
    return turned;
  };
  const texts: string[] = [];
  const embedder: TurnedEmbedder = {
    model,
    version,
    dimensions: 768,
    evidenceThreshold: words.evidenceThreshold,
    texts,
    before: () => undefined,
    async embedDocuments(some) {
      await embedder.before(some);
      texts.push(...some);
      return (await words.embedDocuments(some)).map(turn);
    },
    embedQuery: async (text) => turn(await words.embedQuery(text)),
    evidence: (question, text, cosine) => words.evidence(question, text, cosine),
    close: () => words.close(),
  };
  return embedder;
}
