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
      // An image that a container is made of is left to whoever made it.
      await engineRequests(socket).ask('DELETE', `/images/${reference}`, { fine: [404, 409] });
    },
  };
}
