import type { ReleaseImages } from '../../bundle/install/tools.ts';
import { lackingImages } from '../../control/engine/images/lacking.ts';
import { loadImages } from '../../control/engine/images/load-images.ts';
import { openImageStore } from '../../control/engine/images/store.ts';
import { engineRequests } from '../../control/engine/requests.ts';

/** The image store of this host’s engine. */
export function releaseImages(socket: string): ReleaseImages {
  const store = openImageStore(socket);
  return {
    lacking: (images) => lackingImages(store, images),
    load: (images, open, { signal, progress }) =>
      loadImages(
        store,
        images,
        async function* (digest) {
          for await (const piece of open(digest)) {
            signal.throwIfAborted();
            yield piece;
          }
        },
        { progress },
      ),
    async forget(reference) {
      const { ask } = engineRequests(socket);
      const containers = (await ask('GET', '/containers/json?all=true')) as { Image: string }[];
      // A name that a container was made by is left to it: another release may have brought the same image.
      if (containers.some(({ Image }) => Image === reference)) return;
      await ask('DELETE', `/images/${reference}`, { fine: [404, 409] });
    },
  };
}
