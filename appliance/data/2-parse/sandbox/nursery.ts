import { type ChildRecipe, holdChild, startChild, type WaitingChild } from './child-process.ts';

/** Where parser processes come from. */
export interface Nursery {
  /** A process that waits for its request; afterwards one spare is started for the next document. */
  take(mediaType: string): WaitingChild;
  /** Ends the spare and starts no more. */
  close(): Promise<void>;
}

/**
 * Keeps one spare process at most: starting Node and loading a reader takes longer than parsing most documents, and
 * the next document is mostly of the format of the last. Each process parses one document and ends, so no document
 * meets what another left behind. A spare does not keep the program running.
 */
export function createNursery(recipe: ChildRecipe): Nursery {
  let spare: WaitingChild | undefined;
  let closed = false;
  return {
    take(mediaType) {
      const child = spare?.alive() ? spare : startChild(recipe, mediaType);
      spare = closed ? undefined : startChild(recipe, mediaType);
      return child;
    },
    async close() {
      closed = true;
      if (spare === undefined) return;
      holdChild(spare);
      spare.kill();
      await spare.ended;
      spare = undefined;
    },
  };
}
