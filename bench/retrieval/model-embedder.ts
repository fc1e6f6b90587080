import { modelEmbedder as ownModel } from '../../appliance/bin/wire/model-embedder.ts';
import type { Embedder } from '../../appliance/models/embedder/port.ts';
import { FETCHED, FETCHED_MODEL as model } from '../../test/support/models/fetched.ts';
import { keepingVectors } from './kept-vectors.ts';

/** The model in its process, as a daemon runs it; what it made before is not made again. */
export async function modelEmbedder(): Promise<Embedder> {
  return keepingVectors(await ownModel(model, FETCHED), (made, missing) => {
    process.stderr.write(`  embedded ${made} of ${missing} texts\n`);
  });
}
