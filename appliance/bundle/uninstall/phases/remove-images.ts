import type { Phase } from '../../operation/phase.ts';
import type { RunningHost } from '../tools.ts';
import { heldBy, wakeEngine } from '../with-engine.ts';

/** Takes the images’ names that an installation gave from the engine; an image without another name goes with it. */
export function removeImages(host: RunningHost): Phase {
  const { contents } = host;
  return {
    name: 'images',
    title: 'Remove the images',
    seconds: 5,
    // One that a stranger’s container is made of stays, and was told.
    check: async ({ recorded }) => recorded || (await heldBy(host, contents.images))?.length === 0,
    async do({ signal, note, progress }) {
      if (!(await wakeEngine(host, signal))) return;
      const references = await contents.images();
      const left: string[] = [];
      for (const [at, reference] of references.entries()) {
        signal.throwIfAborted();
        if (!(await contents.forgetImage(reference))) left.push(reference);
        progress(at + 1, references.length);
      }
      note(`${references.length - left.length} images removed`);
      if (left.length > 0) note(`left, since containers of others are made of them: ${left.join(', ')}`);
    },
    undo: null,
  };
}
