import type { BroughtImage, ImageStore } from './port.ts';

/** The names of those images that the engine has not, has as something else, or cannot make a container of. */
export async function lackingImages(store: ImageStore, images: readonly BroughtImage[]): Promise<string[]> {
  const kind = await store.kind();
  const lacking: string[] = [];
  for (const image of images) {
    const { reference, config, manifest } = image;
    const wanted = (kind === 'classic' ? config : manifest).digest;
    const isThere = (await store.idOf(reference)) === wanted && (await store.canMake(reference));
    if (!isThere) lacking.push(reference);
  }
  return lacking;
}
