/** Which images a build takes: those of the recipes and of the lock, less what it is told to do without. */
import { CORE_SERVICES } from '../../appliance/control/stack/core-services.ts';
import { MODEL_LOCK } from '../../appliance/models/embedder/lock.ts';
import { type ImageLock, type LockedImage, readLock } from './lock.ts';

export interface Wanted {
  /** None: all that a release has. */
  names?: readonly string[];
  /** What is left out, by name: images of others, and models, which are none of an image's business. */
  without?: readonly string[];
  /** Which object store: `objects`, or one of the lock that replaces it. */
  objects?: string;
}

/**
 * Throws for an object store that Compose would not know how to start: how ours is started, its guard before it, its users and
 * where it finds its secrets are the description of one image, and another under its name would not come up, or come up
 * without the guard.
 */
export function refuseUndescribed(
  objects: string,
  described = CORE_SERVICES.map(({ image }) => image as string),
): void {
  if (described.includes(objects)) return;
  throw new Error(
    `no package is made with ${objects}: nothing describes how it is started behind the guard, with which users and secrets (appliance/control/stack/core-services.ts, docs/decisions/0052). make images OBJECTS=${objects} fetches it, to run the contract suite of object stores against; make the package without OBJECTS`,
  );
}

/** Throws an error that says which names there are. */
export function wantedImages(
  { names = [], without: absent = [], objects = 'objects' }: Wanted,
  lock: ImageLock = readLock(),
): LockedImage[] {
  const without = absent.filter((name) => !MODEL_LOCK.models.some((model) => model.name === name));
  const known = new Map(lock.images.map((image) => [image.name, image]));
  for (const name of [...names, ...without, objects]) {
    if (!known.has(name)) throw new Error(`there is no image ${name}: there is ${[...known.keys()].join(', ')}`);
  }
  const needed = without.find((name) => known.get(name)!.source === 'recipe');
  if (needed !== undefined) throw new Error(`${needed} is made here, and no stack starts without it`);
  if (without.includes(objects))
    throw new Error(`${objects} keeps the documents: no stack starts without an object store`);
  const other = known.get(objects)!;
  if (objects !== 'objects' && (other.source === 'recipe' || other.replaces !== 'objects'))
    throw new Error(`${objects} is no object store that may stand in the place of objects`);
  const release = lock.images.filter((image) => {
    if (image.source !== 'recipe' && image.replaces !== undefined) return image.name === objects;
    return image.name !== 'objects' || objects === 'objects';
  });
  const chosen = names.length > 0 ? names.map((name) => known.get(name)!) : release;
  // What may not be to be had comes first: it is said before minutes of building.
  return chosen
    .filter(({ name }) => !without.includes(name))
    .toSorted((a, b) => Number(a.source === 'recipe') - Number(b.source === 'recipe'));
}
