import type { Engine } from '../engine/engine.ts';
import { coreContainer } from '../stack/addresses.ts';
import { type CoreService, givenRelease } from '../stack/core-services.ts';
import { imageReference } from '../stack/images.ts';

/**
 * What Compose is told of services that were made by an earlier release, of the very image that this one brings: their tags,
 * by the names of `givenRelease`. Compose takes another tag for another image, and would make anew what only has to go on: a
 * scanner that takes a minute to load its signatures, a database. Two questions a service. Throws `SERVICE_UNAVAILABLE`.
 */
export async function releasesInUse(
  engine: Pick<Engine, 'container' | 'image'>,
  services: readonly Pick<CoreService, 'name' | 'image'>[],
  release: string,
): Promise<Record<string, string>> {
  const found = await Promise.all(
    services.map(async ({ name, image }): Promise<[string, string][]> => {
      const container = await engine.container(coreContainer(name));
      const names = imageReference(image, '');
      if (container === null || !container.imageName.startsWith(names)) return [];
      const used = container.imageName.slice(names.length);
      if (used === release) return [];
      const [brought, still] = await Promise.all([
        engine.image(imageReference(image, release)),
        // Whoever removed that name meant it: Compose asks for it.
        engine.image(container.imageName),
      ]);
      return brought === container.image && still === brought ? [[givenRelease(name), used]] : [];
    }),
  );
  return Object.fromEntries(found.flat());
}
